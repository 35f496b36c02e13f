#include "kernels/shapes/moe.hpp"

#include <algorithm>
#include <cmath>

#include "kernels/shapes/gemm.hpp"

namespace inferbench {
namespace {

Work expert_gemm(const MoeShape& s, double n, double k) {
  if (s.active <= 0) return {};
  return work(GemmShape{.m = s.rows / s.active,
                        .n = n,
                        .k = k,
                        .count = s.active,
                        .in_bytes = s.between_bytes,
                        .weight_bytes = s.weight_bytes,
                        .out_bytes = s.between_bytes});
}

}  // namespace

double expected_distinct_experts(double experts, double top_k, double tokens) {
  if (tokens <= 0) return 0;
  if (top_k >= experts) return experts;
  return -experts * std::expm1(tokens * std::log1p(-top_k / experts));
}

double expected_ranks_visited(double experts, double top_k, double ranks) {
  const double resident = experts / ranks;
  double missed = 1;  // probability that a given rank has none of the picks
  for (double pick = 0; pick < top_k; ++pick) {
    missed *= std::max(0.0, experts - resident - pick) / (experts - pick);
  }
  return ranks * (1.0 - missed);
}

Work route_work(const MoeShape& s) {
  return {.flops = Flops(4.0 * s.tokens * s.experts),
          .read = Bytes(4.0 * s.tokens * s.experts),
          .written = Bytes(8.0 * routed_rows(s.tokens, s.top_k))};
}

Work gather_work(const MoeShape& s) {
  return {.flops = Flops(0),
          .read = Bytes(s.tokens_here * s.hidden * s.in_bytes),
          .written = Bytes(s.rows * s.hidden * s.between_bytes)};
}

Work gate_up_work(const MoeShape& s) {
  return expert_gemm(s, 2 * s.inter, s.hidden);
}

Work swiglu_work(const MoeShape& s) {
  return {.flops = Flops(4.0 * s.rows * s.inter),
          .read = Bytes(2.0 * s.rows * s.inter * s.between_bytes),
          .written = Bytes(s.rows * s.inter * s.between_bytes)};
}

Work down_work(const MoeShape& s) {
  return expert_gemm(s, s.hidden, s.inter);
}

Work combine_work(const MoeShape& s) {
  return {.flops = Flops(2.0 * s.rows * s.hidden),
          .read = Bytes(s.rows * (s.hidden * s.between_bytes + 4.0)),
          .written = Bytes(s.tokens * s.hidden * s.out_bytes)};
}

Work moe_layer_unfused_work(const MoeShape& s) {
  return gather_work(s) + gate_up_work(s) + swiglu_work(s) + down_work(s) + combine_work(s);
}

Work moe_layer_work(const MoeShape& s) {
  MoeShape cached = s;
  cached.between_bytes = 0;
  return moe_layer_unfused_work(cached);
}

Bytes expert_exchange_bytes(const ExpertExchangeShape& s) {
  const double there = 4.0 * s.hidden + 8.0 * s.top_k, back = 4.0 * s.hidden;
  return Bytes(8.0 * s.ranks * (s.ranks - 1) + s.visits * (there + back));
}

}  // namespace inferbench
