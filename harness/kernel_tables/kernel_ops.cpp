#include "harness/kernel_tables/kernel_ops.hpp"

#include <algorithm>

#include "harness/base/error.hpp"

namespace inferbench {
namespace {

using Dims = std::vector<std::string_view>;

KernelOpInfo by_tokens(KernelOp op, std::string_view name, std::string_view dim,
                       std::string_view what, std::string_view x = "tokens") {
  return {op, name, {dim}, x, "", false, false, what};
}

KernelOpInfo of_ranks(KernelOp op, std::string_view name, std::string_view what) {
  return {op, name, {"ranks", "nodes"}, "bytes", "", false, true, what};
}

std::vector<KernelOpInfo> attention_ops() {
  const Dims heads = {"q_heads", "kv_heads", "key_dim", "value_dim", "window"};
  return {
      {KernelOp::prefill_attention, "prefill_attention", heads, "requests", "new_tokens", true,
       false, "prompts of equal length, causal"},
      {KernelOp::decode_attention, "decode_attention", heads, "requests", "context", false, false,
       "one new token each, the new token included in its context"},
      {KernelOp::chunk_attention, "chunk_attention", heads, "new_tokens", "cached", false, false,
       "one prompt's chunk after its cached tokens"},
      {KernelOp::mla_prefill,
       "mla_prefill",
       {"q_heads"},
       "requests",
       "new_tokens",
       true,
       false,
       "DeepSeek's latent attention of prompts, the core"},
      {KernelOp::mla_decode,
       "mla_decode",
       {"q_heads"},
       "requests",
       "context",
       false,
       false,
       "DeepSeek's latent attention of decodes, absorbed, the core"},
      {KernelOp::mla_prefill_module,
       "mla_prefill_module",
       {"q_heads"},
       "requests",
       "new_tokens",
       true,
       false,
       "the same with its projections"},
      {KernelOp::mla_decode_module,
       "mla_decode_module",
       {"q_heads"},
       "requests",
       "context",
       false,
       false,
       "the same with its projections"},
      by_tokens(KernelOp::mla_bmm_pre, "mla_bmm_pre", "q_heads", "queries into the latent space"),
      by_tokens(KernelOp::mla_bmm_post, "mla_bmm_post", "q_heads", "outputs out of it"),
  };
}

std::vector<KernelOpInfo> row_ops() {
  return {
      by_tokens(KernelOp::quantise_scale, "quantise_scale", "width", "scales of activations"),
      by_tokens(KernelOp::quantise_apply, "quantise_apply", "width", "activations by given scales"),
      by_tokens(KernelOp::add_rmsnorm, "add_rmsnorm", "width", "norm, with or without residual"),
      by_tokens(KernelOp::rotate, "rotate", "width", "rotary positions of queries and keys"),
      by_tokens(KernelOp::silu_mul, "silu_mul", "width", "SwiGLU between two matrices"),
      by_tokens(KernelOp::gelu, "gelu", "width", "GELU between two matrices"),
      by_tokens(KernelOp::add, "add", "width", "residual sum"),
      by_tokens(KernelOp::embed, "embed", "width", "rows of the embedding table"),
      by_tokens(KernelOp::sampling, "sampling", "vocab", "the most likely token", "rows"),
  };
}

std::vector<KernelOpInfo> group_ops() {
  const Dims exchange = {"ranks", "hidden", "top_k", "experts", "sms"};
  return {
      of_ranks(KernelOp::all_reduce, "all_reduce", "sum of every rank's vector"),
      of_ranks(KernelOp::all_gather, "all_gather", "everyone's part to everyone"),
      of_ranks(KernelOp::reduce_scatter, "reduce_scatter", "a part of the sum each"),
      of_ranks(KernelOp::all_to_all, "all_to_all", "a part of every rank's vector each"),
      of_ranks(KernelOp::send_receive, "send_receive", "a vector to another rank"),
      {KernelOp::dispatch, "dispatch", exchange, "tokens", "", false, true,
       "tokens to the ranks of their experts (tokens of a rank)"},
      {KernelOp::combine, "combine", exchange, "tokens", "", false, true,
       "experts' outputs back, summed"},
      {KernelOp::host,
       "host",
       {"layers", "hidden"},
       "requests",
       "starting",
       false,
       false,
       "a step's work outside kernels"},
      {KernelOp::model_prefill,
       "model_prefill",
       {"tp"},
       "requests",
       "new_tokens",
       true,
       false,
       "a whole model's prefill"},
      {KernelOp::model_decode,
       "model_decode",
       {"tp"},
       "requests",
       "context",
       false,
       false,
       "a whole model's decode step"},
  };
}

std::vector<KernelOpInfo> all_kernel_ops() {
  std::vector<KernelOpInfo> ops = {
      {KernelOp::gemm, "gemm", {"n", "k"}, "tokens", "", false, false, "a linear layer"},
      {KernelOp::moe,
       "moe",
       {"hidden", "inter", "top_k", "experts", "tp", "ep", "gated", "skew"},
       "tokens",
       "",
       false,
       false,
       "one rank's routed experts, without communication"}};
  for (const auto& more : {attention_ops(), row_ops(), group_ops()}) {
    ops.insert(ops.end(), more.begin(), more.end());
  }
  std::sort(ops.begin(), ops.end(), [](const auto& a, const auto& b) { return a.op < b.op; });
  ensure(ops.size() == kKernelOps, "every op of a table is described");
  return ops;
}

// Fields of one word of a format; false: it says nothing of bytes.
bool read_word(std::string_view word, FormatTraits& traits) {
  struct Known {
    std::string_view name;
    double weights, activations;
    std::string_view math;
  };
  constexpr double kGroupScale = 2.0 / 128;
  static const std::vector<Known> known = {
      {"bf16", 2, 2, "bf16"},
      {"fp16", 2, 2, "bf16"},
      {"fp8", 1, 1, "fp8"},
      {"fp8_block", 1 + 4.0 / 16384, 1, "fp8"},
      {"int8", 1, 1, "int8"},
      {"w8a16", 1, 2, "bf16"},
      {"w4a16", 0.5 + kGroupScale, 2, "bf16"},
      {"w4a16_mxfp4", 0.5 + 1.0 / 32, 2, "bf16"},
      {"w8a8", 1, 4, "int8"},
      {"w4a8-g128", 0.5 + kGroupScale, 4, "int8"},
      {"fp32", 4, 4, "fp32"},
  };
  const auto found = std::find_if(known.begin(), known.end(),
                                  [&](const Known& format) { return format.name == word; });
  if (found == known.end()) return false;
  traits = {found->weights, found->activations, found->weights, found->math};
  return true;
}

}  // namespace

const std::vector<KernelOpInfo>& kernel_op_infos() {
  static const std::vector<KernelOpInfo> ops = all_kernel_ops();
  return ops;
}

const KernelOpInfo& info(KernelOp op) {
  return kernel_op_infos().at(static_cast<std::size_t>(op));
}

std::optional<KernelOp> parse_kernel_op(std::string_view name) {
  for (const KernelOpInfo& op : kernel_op_infos()) {
    if (op.name == name) return op.op;
  }
  return std::nullopt;
}

std::string text_of(KernelOp op, const KernelDims& dims) {
  std::string text;
  const KernelOpInfo& of = info(op);
  for (std::size_t i = 0; i < of.dims.size(); ++i) {
    if (i > 0) text += ' ';
    text += of.dims[i];
    text += '=';
    text += std::to_string(dims[i]);
  }
  return text;
}

FormatTraits format_traits(std::string_view format) {
  FormatTraits traits;
  for (std::size_t at = 0; at < format.size();) {
    const std::size_t end = std::min(format.find(' ', at), format.size());
    const std::string_view word = format.substr(at, end - at);
    if (word.substr(0, 3) == "kv=") {
      FormatTraits kv;
      if (read_word(word.substr(3), kv)) traits.kv_bytes = kv.weight_bytes;
    } else {
      read_word(word, traits);
    }
    at = end + 1;
  }
  return traits;
}

}  // namespace inferbench
