#include "harness/predicted/decoder_ops.hpp"

#include "harness/base/error.hpp"
#include "harness/base/real.hpp"
#include "harness/execute/transformer/weight_shard.hpp"

namespace inferbench {
namespace {

OpSite gemm_site(const std::string& format, std::int64_t n, std::int64_t k) {
  return {"gemm", format, {{"n", n}, {"k", k}}};
}

OpSite row_site(const char* op, std::int64_t width) {
  return {op, "fp32", {{"width", width}}};
}

void add_attention_block(DecoderOps& out, const DecoderShape& shape, const std::string& weights) {
  const double layers = real(shape.layers);
  out.ops.push_back(
      {gemm_site(weights, shape.qkv_width(), shape.hidden), layers, false, {"qkv_gemm"}});
  out.ops.push_back({{"rotate",
                      "fp32",
                      {{"width", shape.qkv_width()},
                       {"head_dim", shape.head_dim},
                       {"bias", shape.qkv_bias ? 1 : 0},
                       {"head_norm", shape.qk_norm ? 1 : 0}}},
                     layers,
                     false,
                     {"rotate"}});
  out.ops.push_back(
      {gemm_site(weights, shape.hidden, shape.q_width()), layers, false, {"out_gemm"}});
}

void add_ffn(DecoderOps& out, const DecoderShape& shape, const std::string& weights,
             std::int64_t width, double layers, bool shared) {
  if (layers <= 0 || width <= 0) return;
  out.ops.push_back({gemm_site(weights, shape.first_matrices() * width, shape.hidden),
                     layers,
                     false,
                     {shared ? "shared_up_gemm" : "ffn_up_gemm"}});
  if (shape.gated) {
    out.ops.push_back(
        {row_site("silu_mul", width), layers, false, {shared ? "shared_silu_mul" : "silu_mul"}});
  } else {
    out.ops.push_back({row_site("gelu", width), layers, false, {shared ? "shared_gelu" : "gelu"}});
  }
  out.ops.push_back({gemm_site(weights, shape.hidden, width),
                     layers,
                     false,
                     {shared ? "shared_down_gemm" : "ffn_down_gemm"}});
  if (shared) {
    out.ops.push_back({row_site("add_shared", shape.hidden), layers, false, {"add_shared"}});
  }
}

void add_experts(DecoderOps& out, const DecoderShape& shape, const std::string& weights) {
  if (!shape.experts) return;
  const DecoderExperts& experts = *shape.experts;
  const double layers = real(shape.sparse_layers());
  out.ops.push_back(
      {gemm_site("fp32", experts.router.experts, shape.hidden), layers, false, {"router_gemm"}});
  out.ops.push_back({{"moe",
                      weights,
                      {{"experts", experts.router.experts},
                       {"top_k", experts.router.top_k},
                       {"hidden", shape.hidden},
                       {"ffn", experts.ffn},
                       {"gated", shape.gated ? 1 : 0}}},
                     layers,
                     false,
                     {"top_k", "moe_experts"}});
  add_ffn(out, shape, weights, experts.shared_width(), layers, true);
}

void add_attention(DecoderOps& out, const DecoderShape& shape, const std::string& kv,
                   std::int64_t window) {
  DecoderAttention kind;
  for (std::int64_t l = 0; l < shape.layers; ++l) kind.layers += shape.window_of(l) == window;
  if (kind.layers == 0) return;
  kind.window = window;
  kind.prefill = {"prefill_attention",
                  kv,
                  {{"q_heads", shape.heads},
                   {"kv_heads", shape.kv_heads},
                   {"key_dim", shape.head_dim},
                   {"value_dim", shape.head_dim},
                   {"window", window}}};
  kind.decode = kind.prefill;
  kind.decode.op = "decode_attention";
  out.attention.push_back(std::move(kind));
}

// Two of each layer are one op of the table, timed behind attention.
void add_collectives(DecoderOps& out, const DecoderShape& whole, std::int64_t ranks) {
  if (ranks == 1) return;
  const OpSite sum = {"all_reduce", "fp32", {{"ranks", ranks}, {"width", whole.hidden}}};
  out.ops.push_back({sum, real(whole.layers), false, {"out_all_reduce"}});
  out.ops.push_back({sum, real(whole.layers), false, {}});
  out.ops.push_back({{"gather_logits", "fp32", {{"ranks", ranks}, {"vocab", whole.vocab}}},
                     1,
                     true,
                     {"gather_logits"}});
}

}  // namespace

DecoderOps decoder_ops(const DecoderShape& whole, const std::string& weights, const std::string& kv,
                       std::int64_t ranks) {
  if (whole.mla) {
    throw Error("op table", "latent attention is asked for",
                "its ops are of decoders with grouped-query attention", "another model");
  }
  const DecoderShard first{.rank = 0, .ranks = ranks};
  const DecoderShape shape = ranks > 1 ? shard_shape(whole, first) : whole;
  const Range head = shard_vocab(whole, first);
  DecoderOps out;
  const double layers = real(shape.layers);
  const OpSite norm = row_site("add_rmsnorm", shape.hidden);
  out.ops.push_back({row_site("embed", shape.hidden), 1, false, {"embed"}});
  add_attention_block(out, shape, weights);
  out.ops.push_back({norm, 2 * layers - 1, false, {"add_rmsnorm"}});
  add_ffn(out, shape, weights, shape.ffn, layers - real(shape.sparse_layers()), false);
  add_experts(out, shape, weights);
  out.ops.push_back({norm, 1, true, {}});  // before the LM head
  out.ops.push_back(
      {gemm_site(weights, head.end - head.begin, shape.hidden), 1, true, {"lm_head_gemm"}});
  out.ops.push_back({{"sampling", "fp32", {{"vocab", shape.vocab}}}, 1, true, {"sampling"}});
  add_collectives(out, whole, ranks);
  add_attention(out, shape, kv, 0);
  if (shape.window > 0) add_attention(out, shape, kv, shape.window);
  out.host = {"host", "fp32", {{"layers", shape.layers}, {"hidden", shape.hidden}}};
  return out;
}

}  // namespace inferbench
