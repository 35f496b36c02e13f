#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace inferbench {

// What a table of measured kernels can hold. Numbers are those of the file format: never reused.
enum class KernelOp : std::uint32_t {
  gemm = 0,
  prefill_attention = 1,
  decode_attention = 2,
  chunk_attention = 3,
  mla_prefill = 4,
  mla_decode = 5,
  mla_prefill_module = 6,
  mla_decode_module = 7,
  mla_bmm_pre = 8,
  mla_bmm_post = 9,
  moe = 10,
  quantise_scale = 11,
  quantise_apply = 12,
  add_rmsnorm = 13,
  rotate = 14,
  silu_mul = 15,
  gelu = 16,
  add = 17,
  embed = 18,
  sampling = 19,
  all_reduce = 20,
  all_gather = 21,
  reduce_scatter = 22,
  all_to_all = 23,
  send_receive = 24,
  dispatch = 25,
  combine = 26,
  host = 27,
  model_prefill = 28,
  model_decode = 29,
};
inline constexpr std::size_t kKernelOps = 30;

// Sizes that a model and its sharding fix, in the order of KernelOpInfo::dims; 0 where there are
// fewer.
inline constexpr std::size_t kKernelDims = 8;
using KernelDims = std::array<std::int32_t, kKernelDims>;

struct KernelOpInfo {
  KernelOp op = KernelOp::gemm;
  std::string_view name;  // "gemm"
  std::vector<std::string_view> dims;
  std::string_view x, y;   // what a step varies; y is empty where x is all
  bool quadratic = false;  // in y: joined in the square root of time
  bool collective = false;
  std::string_view what;
};

// Every op, by its number.
//
//   gemm                n, k                                          x tokens
//   prefill_attention   q_heads, kv_heads, key_dim, value_dim, window x requests    y new_tokens
//   decode_attention    the same                                      x requests    y context
//   chunk_attention     the same, of one request                      x new_tokens  y cached
//   mla_prefill         q_heads                                       x requests    y new_tokens
//   mla_decode          q_heads                                       x requests    y context
//   mla_..._module      q_heads; with its projections                 the same
//   mla_bmm_pre, _post  q_heads; absorbed up-projections              x tokens
//   moe                 hidden, inter, top_k, experts, tp, ep, gated, skew          x tokens
//   quantise_...        width                                         x tokens
//   add_rmsnorm, rotate, silu_mul, gelu, add, embed   width           x tokens
//   sampling            vocab                                         x rows
//   all_reduce ...      ranks, nodes                                  x bytes
//   dispatch, combine   ranks, hidden, top_k, experts, sms            x tokens
//   host                layers, hidden                                x requests    y starting
//   model_...           tp; a whole model                             x requests    y tokens
//
// Heads are those of one rank. A window of 0 sees all. `inter` and `experts` are the layer's, not
// the rank's; skew is 100 times the exponent of the power law that experts are drawn from, 0 is
// balanced; gated is 0 or 1. Message sizes are what wire_bytes() counts. sms of 0: the low-latency
// kernels.
const std::vector<KernelOpInfo>& kernel_op_infos();
const KernelOpInfo& info(KernelOp op);
std::optional<KernelOp> parse_kernel_op(std::string_view name);

// "n=4096 k=4096"
std::string text_of(KernelOp op, const KernelDims& dims);

// What a format says of bytes and arithmetic. Formats are what a table's rows are apart by besides
// sizes: "bf16", "fp8", "fp8_block", "int8", "w8a16", "w4a16", "w4a16_mxfp4", "fp32" and ours on
// CPUs ("w8a8", "w4a8-g128"); attention's may add " kv=fp8". Other words are variants and count for
// nothing ("bf16 graph").
struct FormatTraits {
  double weight_bytes = 2, activation_bytes = 2, kv_bytes = 2;
  std::string_view math = "bf16";  // bf16, fp8, int8 or fp32: which peak counts
};
FormatTraits format_traits(std::string_view format);

}  // namespace inferbench
