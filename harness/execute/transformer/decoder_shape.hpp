#pragma once

#include <cstdint>
#include <optional>

#include "harness/catalog/model_spec.hpp"
#include "kernels/moe/router.hpp"

namespace inferbench {

// The experts of a decoder's sparse layers.
struct DecoderExperts {
  ExpertRouter router;           // how many there are, and who is chosen
  std::int64_t ffn = 0;          // inner width of one
  std::int64_t shared = 0;       // experts that every token visits, computed as one FFN
  std::int64_t first_dense = 0;  // leading layers with a dense FFN instead

  std::int64_t shared_width() const { return shared * ffn; }
};

// The sizes of a decoder of the Llama family: RMSNorm before attention and FFN, rotary positions,
// grouped-query attention, SwiGLU, no biases; FFNs dense or of experts.
//
// Source: Touvron et al., "LLaMA: Open and Efficient Foundation Language Models", arXiv 2302.13971;
// Ainslie et al., "GQA", arXiv 2305.13245; Jiang et al., "Mixtral of Experts", arXiv 2401.04088.
struct DecoderShape {
  std::int64_t layers = 0, hidden = 0, ffn = 0;
  std::int64_t heads = 0, kv_heads = 0, head_dim = 0;
  std::int64_t vocab = 0, context = 0;
  bool tied = false;  // the LM head is the embedding table
  std::optional<DecoderExperts> experts;

  std::int64_t q_width() const { return heads * head_dim; }
  std::int64_t kv_width() const { return kv_heads * head_dim; }
  std::int64_t qkv_width() const { return q_width() + 2 * kv_width(); }
  bool sparse(std::int64_t layer) const { return experts && layer >= experts->first_dense; }
  std::int64_t sparse_layers() const { return experts ? layers - experts->first_dense : 0; }
  // Inner width of the FFN that every token of a layer visits; 0 where there is none.
  std::int64_t dense_ffn(std::int64_t layer) const {
    return sparse(layer) ? experts->shared_width() : ffn;
  }
  std::int64_t widest_ffn() const;  // over the layers
};

// Of a model. Throws Error naming the part that is not executed: latent attention, sliding windows,
// biases, norms of queries and keys, a classic FFN, heads that are no multiple of 16.
DecoderShape decoder_shape(const ModelSpec& model);

}  // namespace inferbench
