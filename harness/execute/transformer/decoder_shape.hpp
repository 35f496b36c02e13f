#pragma once

#include <cstdint>

#include "harness/catalog/model_spec.hpp"

namespace inferbench {

// The sizes of a decoder of the Llama family: RMSNorm before attention and FFN, rotary positions,
// grouped-query attention, SwiGLU, no biases.
//
// Source: Touvron et al., "LLaMA: Open and Efficient Foundation Language Models", arXiv 2302.13971;
// Ainslie et al., "GQA", arXiv 2305.13245.
struct DecoderShape {
  std::int64_t layers = 0, hidden = 0, ffn = 0;
  std::int64_t heads = 0, kv_heads = 0, head_dim = 0;
  std::int64_t vocab = 0, context = 0;
  bool tied = false;  // the LM head is the embedding table

  std::int64_t q_width() const { return heads * head_dim; }
  std::int64_t kv_width() const { return kv_heads * head_dim; }
  std::int64_t qkv_width() const { return q_width() + 2 * kv_width(); }
};

// Of a model. Throws Error naming the part that is not executed: experts, latent attention, sliding
// windows, biases, norms of queries and keys, a classic FFN, heads that are no multiple of 16.
DecoderShape decoder_shape(const ModelSpec& model);

}  // namespace inferbench
