// FFNs and experts of a decoder's layers.
#include <algorithm>

#include "harness/execute/transformer/decoder_parts.hpp"
#include "harness/execute/transformer/expert_visitors.hpp"
#include "harness/execute/transformer/to_size.hpp"
#include "kernels/moe/kernels.hpp"

namespace inferbench {

void Decoder::dense_ffn(std::int64_t tokens, std::int64_t layer, std::vector<float>& out) {
  const DecoderWeights::Layer& weights = weights_.layer(layer);
  Buffers& b = *buffers_;
  const std::int64_t ffn = shape().dense_ffn(layer);
  const bool shared = shape().sparse(layer);
  linear(shared ? "shared_up_gemm" : "ffn_up_gemm", *weights.gate_up, tokens, b.normed, b.gate_up);
  {
    const char* name = shape().gated ? "silu_mul" : "gelu";
    if (shared) name = shape().gated ? "shared_silu_mul" : "shared_gelu";
    const Op op(*this, name, &KernelTimes::other);
    rows(tokens, shape().first_matrices() * ffn, [&](std::int64_t r) { activate(r, ffn); });
  }
  linear(shared ? "shared_down_gemm" : "ffn_down_gemm", *weights.down, tokens, b.gated, out);
}

// A row of an FFN between its matrices.
void Decoder::activate(std::int64_t row, std::int64_t ffn) {
  Buffers& b = *buffers_;
  float* out = b.gated.data() + row * ffn;
  if (!shape().gated) return moe_kernels(isa_).gelu(b.gate_up.data() + row * ffn, ffn, out);
  RowCall call;
  call.n = ffn;
  call.x = b.gate_up.data() + row * 2 * ffn;
  call.y = b.gate_up.data() + row * 2 * ffn + ffn;
  call.out = out;
  b.silu_mul(call);
}

void Decoder::choose_experts(std::int64_t tokens, std::int64_t layer) {
  const DecoderWeights::Layer& weights = weights_.layer(layer);
  const ExpertRouter& router = shape().experts->router;
  Buffers& b = *buffers_;
  linear("router_gemm", *weights.router, tokens, b.normed, b.router_logits);
  const Op op(*this, "top_k", &KernelTimes::moe);
  const std::size_t choices = to_size(tokens * router.top_k);
  moe_route(router, std::span(b.router_logits).first(to_size(tokens * router.experts)),
            weights.router_bias, std::span(b.chosen).first(choices),
            std::span(b.expert_weights).first(choices), team_, isa_);
  if (exchange_ || links_.visitors != nullptr) return;
  order_by_expert(std::span(b.chosen).first(choices), router.top_k, 0, router.experts,
                  b.expert_rows);
}

// A token's experts are chosen by its own logits, and its rows of an expert are computed by
// themselves and added in the order of experts: the same bits in any batch.
void Decoder::own_experts(std::int64_t tokens, std::int64_t layer) {
  Buffers& b = *buffers_;
  const auto choices = to_size(tokens * shape().experts->router.top_k);
  const auto width = to_size(tokens * shape().hidden);
  const Op op(*this, "moe_experts", &KernelTimes::moe);
  weights_.layer(layer).experts->run(std::span(b.normed).first(width),
                                     std::span(b.expert_weights).first(choices), b.expert_rows,
                                     std::span(b.projected).first(width), team_, b.moe);
}

// Experts here compute the tokens of all ranks, those elsewhere the tokens of this one.
void Decoder::experts_of_all(std::int64_t tokens, std::int64_t layer) {
  const DecoderExperts& experts = *shape().experts;
  Buffers& b = *buffers_;
  const auto choices = to_size(tokens * experts.router.top_k);
  const auto width = to_size(tokens * shape().hidden);
  ExpertExchange::Arrivals here;
  {
    const Op op(*this, "dispatch", &KernelTimes::collectives);
    here = exchange_->dispatch(std::span(b.normed).first(width), std::span(b.chosen).first(choices),
                               std::span(b.expert_weights).first(choices));
  }
  b.expert_sums.resize(here.tokens.size());
  if (here.count > 0) {
    const Op op(*this, "moe_experts", &KernelTimes::moe);
    order_by_expert(here.chosen, experts.router.top_k, experts.first, experts.count, b.expert_rows);
    weights_.layer(layer).experts->run(here.tokens, here.weights, b.expert_rows, b.expert_sums,
                                       team_, b.moe);
  }
  const Op op(*this, "combine", &KernelTimes::collectives);
  exchange_->combine(b.expert_sums, std::span(b.projected).first(width));
}

// The experts here compute tokens that were sent for, each a copy of one of this rank's: their
// values do not matter, nor do the sums that this rank's own would have got from elsewhere.
void Decoder::visited_experts(std::int64_t tokens, std::int64_t layer) {
  const DecoderExperts& experts = *shape().experts;
  const std::int64_t hidden = shape().hidden;
  Buffers& b = *buffers_;
  ExpertVisitors::Visit visit;
  {
    const Op op(*this, "dispatch", &KernelTimes::collectives);
    visit = links_.visitors->visit(layer_);
    b.visitors.resize(to_size(visit.tokens * hidden));
    for (std::int64_t t = 0; t < visit.tokens; ++t) {
      std::copy_n(b.normed.begin() + t % tokens * hidden, hidden, b.visitors.begin() + t * hidden);
    }
    b.expert_sums.resize(b.visitors.size());
  }
  {
    const Op op(*this, "moe_experts", &KernelTimes::moe);
    order_by_expert(visit.chosen, visit.top_k, experts.first, experts.count, b.expert_rows);
    weights_.layer(layer).experts->run(b.visitors, visit.weights, b.expert_rows, b.expert_sums,
                                       team_, b.moe);
  }
  const Op op(*this, "combine", &KernelTimes::collectives);
  const std::int64_t back = std::min(tokens, visit.tokens);
  std::copy_n(b.expert_sums.begin(), back * hidden, b.projected.begin());
  std::fill(b.projected.begin() + back * hidden, b.projected.begin() + tokens * hidden, 0.0F);
}

// The step has no token of this rank, but others' tokens come to its experts.
void Decoder::join_experts_of_others() {
  for (std::int64_t l = 0; exchange_ && l < shape().layers; ++l) {
    layer_ = static_cast<std::int32_t>(shape().model_layer(l));
    if (shape().sparse(l)) experts_of_all(0, l);
  }
  layer_ = -1;
}

void Decoder::feed_forward(std::int64_t tokens, std::int64_t layer) {
  if (tokens == 0) {  // of this rank
    if (exchange_ && shape().sparse(layer)) experts_of_all(0, layer);
    return;
  }
  Buffers& b = *buffers_;
  if (!shape().sparse(layer)) return dense_ffn(tokens, layer, b.projected);
  choose_experts(tokens, layer);
  if (links_.visitors != nullptr) {
    visited_experts(tokens, layer);
  } else if (exchange_) {
    experts_of_all(tokens, layer);
  } else {
    own_experts(tokens, layer);
  }
  if (shape().experts->shared == 0) return;
  dense_ffn(tokens, layer, b.shared);
  const Op op(*this, "add_shared", &KernelTimes::other);
  const std::int64_t hidden = shape().hidden;
  rows(tokens, hidden, [&](std::int64_t r) {
    float* to = b.projected.data() + r * hidden;
    const float* from = b.shared.data() + r * hidden;
    for (std::int64_t i = 0; i < hidden; ++i) to[i] += from[i];
  });
}

}  // namespace inferbench
