#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "harness/catalog/model_spec.hpp"
#include "harness/execute/transformer/rotation.hpp"
#include "kernels/moe/router.hpp"

namespace inferbench {

// The experts of a decoder's sparse layers.
struct DecoderExperts {
  ExpertRouter router;           // how many there are, and who is chosen
  std::int64_t first = 0;        // of those that are held here,
  std::int64_t count = 0;        // and how many these are: all of them but on expert-parallel ranks
  std::int64_t ffn = 0;          // inner width of one
  std::int64_t shared = 0;       // experts that every token visits, computed as one FFN
  std::int64_t first_dense = 0;  // leading layers with a dense FFN instead

  std::int64_t shared_width() const { return shared * ffn; }
};

// The sizes of a decoder of the Llama family: RMSNorm before attention and FFN, rotary positions,
// grouped-query or latent attention, SwiGLU or FFNs of two matrices with GELU; FFNs dense or of
// experts. Some of them add biases to queries, keys and values (Qwen2), norm heads of queries and
// keys (Qwen3) or see a window of tokens (Mistral).
//
// Source: Touvron et al., "LLaMA: Open and Efficient Foundation Language Models", arXiv 2302.13971;
// Ainslie et al., "GQA", arXiv 2305.13245; Jiang et al., "Mixtral of Experts", arXiv 2401.04088;
// DeepSeek-V2, arXiv 2405.04434.
struct DecoderShape {
  std::int64_t layers = 0, hidden = 0, ffn = 0;
  std::int64_t first_layer = 0;         // of a pipeline stage: the layers before it
  std::vector<std::int64_t> sampled{};  // which of the model's layers; empty: first_layer and on
  std::int64_t heads = 0, kv_heads = 0, head_dim = 0;
  std::int64_t vocab = 0, context = 0;
  bool tied = false;  // the LM head is the embedding table
  bool gated = true;  // SwiGLU; false: FFNs and experts of two matrices, with GELU
  std::optional<DecoderExperts> experts;
  std::optional<MlaSpec> mla;  // latent attention; kv_heads and head_dim mean nothing then
  bool qkv_bias = false;
  bool qk_norm = false;            // RMSNorm of each head of queries and keys, before the rotation
  std::int64_t window = 0;         // tokens that a token sees, itself included; 0: all
  std::int64_t window_period = 1;  // every period-th layer sees all; 1: none does
  Rotary rotary;
  double norm_epsilon = 1e-5;

  // Elements of a token's queries, of its keys in the cache, of what heads give to the attention's
  // output, and of the fused first GEMM: queries, keys and values, or under latent attention
  // queries or their latent, the latent, and the key to be rotated.
  std::int64_t q_width() const { return heads * (mla ? query_dim() : head_dim); }
  std::int64_t kv_width() const { return cached_heads() * key_dim(); }
  std::int64_t out_width() const { return heads * (mla ? mla->v_head_dim : head_dim); }
  std::int64_t qkv_width() const;

  // Heads of the cache, and of attention as it is computed.
  std::int64_t cached_heads() const { return mla ? 1 : kv_heads; }
  std::int64_t key_dim() const;  // under latent attention a multiple of 16, the rest zeros
  std::int64_t value_dim() const { return mla ? mla->kv_lora_rank : head_dim; }
  bool caches_values() const { return !mla; }  // a latent is key and value in one
  float score_scale() const;                   // 0: 1 / sqrt(head_dim)

  // Latent attention only.
  std::int64_t query_dim() const { return mla->qk_nope_head_dim + mla->qk_rope_head_dim; }
  std::int64_t latent_query_width() const {  // in the fused GEMM
    return mla->q_lora_rank > 0 ? mla->q_lora_rank : q_width();
  }
  // Layer `layer` of these, in the model.
  std::int64_t model_layer(std::int64_t layer) const {
    return sampled.empty() ? first_layer + layer : sampled[static_cast<std::size_t>(layer)];
  }
  bool sparse(std::int64_t layer) const {
    return experts && model_layer(layer) >= experts->first_dense;
  }
  std::int64_t sparse_layers() const;
  std::int64_t window_of(std::int64_t layer) const {
    return window_period > 1 && (model_layer(layer) + 1) % window_period == 0 ? 0 : window;
  }
  // Inner width of the FFN that every token of a layer visits; 0 where there is none.
  std::int64_t dense_ffn(std::int64_t layer) const {
    return sparse(layer) ? experts->shared_width() : ffn;
  }
  std::int64_t widest_ffn() const;                               // over the layers
  std::int64_t first_matrices() const { return gated ? 2 : 1; }  // of an FFN: gate and up, or up
};

// Of a model. Throws Error naming the part that is not executed: biases of the FFN or of
// the attention's output, an unknown scaling of positions, heads or latents that are
// no multiple of 16.
DecoderShape decoder_shape(const ModelSpec& model);

}  // namespace inferbench
