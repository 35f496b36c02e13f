#include "harness/kernel_tables/kernel_roof.hpp"

#include <algorithm>
#include <limits>

#include "kernels/shapes/attention.hpp"
#include "kernels/shapes/collective.hpp"
#include "kernels/shapes/gemm.hpp"
#include "kernels/shapes/moe.hpp"

namespace inferbench {
namespace {

constexpr double kNanoseconds = 1e9;
// DeepSeek-V2 and V3 (arXiv 2412.19437, section 4.2): nope, rope, value and latent widths.
constexpr double kNope = 128, kRope = 64, kValue = 128, kLatent = 512;
constexpr double kHidden = 7168, kQueryLatent = 1536;

AttentionHeads heads_of(const FormatTraits& format, const KernelDims& d) {
  AttentionHeads heads = grouped_query_heads(d[0], d[1], d[2], d[3], format.kv_bytes);
  heads.io_bytes = format.activation_bytes;
  return heads;
}

// Tokens of a windowed decode whose cache is read.
AttentionLoad decode_load(double requests, double context, double window) {
  return attention_load(std::max(0.0, context - 1), 1, window) * requests;
}

Work gemm_call(const FormatTraits& format, double m, double n, double k, double count = 1) {
  return work(GemmShape{.m = m,
                        .n = n,
                        .k = k,
                        .count = count,
                        .in_bytes = format.activation_bytes,
                        .weight_bytes = format.weight_bytes,
                        .out_bytes = std::max(2.0, format.activation_bytes)});
}

// Experts of this rank that have a row: balanced tables deal rows out in turn, others draw them.
double active_experts(const KernelDims& d, double tokens) {
  const double here = static_cast<double>(d[3]) / d[5];
  if (d[7] == 0) return std::min(here, tokens * d[2] / d[5]);
  return expected_distinct_experts(d[3], d[2], tokens) / d[5];
}

Work moe_call(const FormatTraits& format, const KernelDims& d, double tokens) {
  const double rows = tokens * d[2] / d[5], active = std::max(1.0, active_experts(d, tokens));
  const double inter = static_cast<double>(d[1]) / d[4];
  const double up = d[6] != 0 ? 2 * inter : inter;
  const double each = rows / active;
  return gemm_call(format, each, up, d[0], active) + gemm_call(format, each, d[0], inter, active);
}

// The projections of a rank's DeepSeek block around its attention.
Work mla_projections(const FormatTraits& format, double heads, double tokens) {
  return gemm_call(format, tokens, kQueryLatent + kLatent + kRope, kHidden) +
         gemm_call(format, tokens, heads * (kNope + kRope), kQueryLatent) +
         gemm_call(format, tokens, heads * (kNope + kValue), kLatent) +
         gemm_call(format, tokens, kHidden, heads * kValue);
}

Work mla_core(bool decode, const FormatTraits& format, double heads, double requests, double y) {
  if (decode) {
    return work(mla_absorbed_heads(heads, kLatent, kRope, format.kv_bytes),
                decode_load(requests, y, 0));
  }
  return work(mla_expanded_heads(heads, kNope, kRope, kValue, kLatent, format.kv_bytes),
              attention_load(0, y) * requests);
}

Work mla_work(KernelOp op, const FormatTraits& format, double heads, double x, double y) {
  const bool decode = op == KernelOp::mla_decode || op == KernelOp::mla_decode_module;
  const Work core = mla_core(decode, format, heads, x, y);
  if (op == KernelOp::mla_prefill || op == KernelOp::mla_decode) return core;
  return core + mla_projections(format, heads, decode ? x : x * y);
}

Work row_work(double elements, double bytes_per_element) {
  return {.flops = {},
          .read = Bytes(elements * bytes_per_element / 2),
          .written = Bytes(elements * bytes_per_element / 2)};
}

// Of ops that read and write rows: elements times what one of them moves.
Work elementwise_work(KernelOp op, const FormatTraits& format, const KernelDims& d, double rows) {
  const double a = format.activation_bytes, elements = rows * d[0];
  switch (op) {
    case KernelOp::quantise_scale:
      return row_work(elements, 2);
    case KernelOp::quantise_apply:
    case KernelOp::silu_mul:
    case KernelOp::add:
      return row_work(elements, op == KernelOp::quantise_apply ? 3 : 3 * a);
    case KernelOp::sampling:
      return row_work(elements, a);
    default:
      return row_work(elements, 2 * a);
  }
}

Work collective_work(KernelOp op, const KernelDims& d, double x) {
  const double ranks = d[0];
  switch (op) {
    case KernelOp::all_reduce:
      // A switch may add up: then a rank sends its vector once, whatever the group's size.
      return {.flops = {}, .read = in_network_wire_bytes(Bytes(x)), .written = {}};
    case KernelOp::all_gather:
    case KernelOp::reduce_scatter:
    case KernelOp::all_to_all:
      return {
          .flops = {}, .read = wire_bytes(Collective::all_gather, Bytes(x), ranks), .written = {}};
    case KernelOp::send_receive:
      return {.flops = {}, .read = Bytes(x), .written = {}};
    default: {
      // A token goes once to each rank that has one of its experts.
      const double visited = expected_ranks_visited(d[3], d[2], ranks) * (ranks - 1) / ranks;
      const double element = op == KernelOp::dispatch ? 1 : 2;
      return {.flops = {}, .read = Bytes(x * visited * d[1] * element), .written = {}};
    }
  }
}

double rate_of(const MachineRecord& machine, std::string_view math) {
  if (math == "fp8") return machine.fp8_flops_per_s;
  if (math == "int8") return machine.int8_ops_per_s;
  if (math == "fp32") return machine.fp32_flops_per_s;
  return machine.bf16_flops_per_s;
}

double ns_at(double amount, double per_second) {
  return per_second > 0 ? amount / per_second * kNanoseconds : 0;
}

bool is_attention(KernelOp op) {
  return op == KernelOp::prefill_attention || op == KernelOp::decode_attention ||
         op == KernelOp::chunk_attention || op == KernelOp::mla_prefill ||
         op == KernelOp::mla_decode;
}

}  // namespace

Work kernel_work(KernelOp op, const FormatTraits& format, const KernelDims& d, double x, double y) {
  switch (op) {
    case KernelOp::gemm:
      return gemm_call(format, x, d[0], d[1]);
    case KernelOp::prefill_attention:
      return work(heads_of(format, d), attention_load(0, y, d[4]) * x);
    case KernelOp::decode_attention:
      return work(heads_of(format, d), decode_load(x, y, d[4]));
    case KernelOp::chunk_attention:
      return work(heads_of(format, d), attention_load(y, x, d[4]));
    case KernelOp::mla_prefill:
    case KernelOp::mla_decode:
    case KernelOp::mla_prefill_module:
    case KernelOp::mla_decode_module:
      return mla_work(op, format, d[0], x, y);
    case KernelOp::mla_bmm_pre:
      return gemm_call(format, x, kLatent, kNope, d[0]);
    case KernelOp::mla_bmm_post:
      return gemm_call(format, x, kValue, kLatent, d[0]);
    case KernelOp::moe:
      return moe_call(format, d, x);
    case KernelOp::host:
    case KernelOp::model_prefill:
    case KernelOp::model_decode:
      return {};
    default:
      break;
  }
  return info(op).collective ? collective_work(op, d, x) : elementwise_work(op, format, d, x);
}

namespace {

double roof_ns_from(double least_traffic, KernelOp op, const FormatTraits& format,
                    const MachineRecord& machine, const Work& call) {
  const double bytes = call.bytes().count();
  if (info(op).collective) return ns_at(bytes, machine.link_bytes_per_s);
  // Narrow caches are widened before they are multiplied.
  const std::string_view math = is_attention(op) && format.math != "fp32" ? "bf16" : format.math;
  const double arithmetic = ns_at(call.flops.count(), rate_of(machine, math));
  return bytes < least_traffic ? arithmetic
                               : std::max(arithmetic, ns_at(bytes, machine.memory_bytes_per_s));
}

}  // namespace

double kernel_certain_ns(KernelOp op, const FormatTraits& format, const MachineRecord& machine,
                         const KernelDims& dims, double x, double y) {
  constexpr double kLargerThanCaches = 128.0 * 1024 * 1024, kEveryExpert = 4;
  // Which experts' weights are read is certain only where each of them has rows.
  const bool drawn = op == KernelOp::moe && (dims[7] != 0 || x * dims[2] < kEveryExpert * dims[3]);
  return roof_ns_from(drawn ? std::numeric_limits<double>::infinity() : kLargerThanCaches, op,
                      format, machine, kernel_work(op, format, dims, x, y));
}

double kernel_roof_ns(KernelOp op, const FormatTraits& format, const MachineRecord& machine,
                      const KernelDims& dims, double x, double y) {
  return roof_ns_from(0, op, format, machine, kernel_work(op, format, dims, x, y));
}

}  // namespace inferbench
