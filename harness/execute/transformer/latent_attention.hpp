#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "harness/execute/transformer/decoder_weights.hpp"
#include "kernels/elementwise/kernels.hpp"

namespace inferbench {

// What multi-head latent attention computes around a cache of latents, in its absorbed form: a
// token caches one latent and one rotated key for all heads; each head's share of the
// up-projection is multiplied into its query before attention and into its sum of latents after it,
// so keys and values of heads never exist. Prompts and decodes alike.
//
//   fused  [tokens, latent_width]   queries or their latents, the latent, the key to be rotated
//   keys   [tokens, key_dim]        what the cache holds: the latent, normed, the key, rotated,
//   zeros q      [tokens, heads, key_dim] the same of queries sums   [tokens, heads, kv_rank]
//   latents, weighted by attention out    [tokens, heads, value]
//
// A head's GEMMs compute each row by itself, as all do: the same bits in any batch.
//
// Source: DeepSeek-V2, arXiv 2405.04434, section 2.1 and appendix C.
class LatentAttention {
 public:
  LatentAttention(const DecoderShape& shape, ThreadTeam& team, Isa isa);

  void reserve(std::int64_t tokens);  // before a step of so many

  // Row operations, of one token. `rotation`: its row of the table.
  void norm_query(const DecoderWeights::Layer& weights, const float* fused, float* query) const;
  void make_key(const DecoderWeights::Layer& weights, const float* fused, const float* rotation,
                float* key) const;
  // Splits a token's queries [heads, nope + rope]: parts to be absorbed by head, rotated ones to q.
  void split_query(const float* query, const float* rotation, std::int64_t token,
                   std::int64_t tokens, float* q);
  void join_query(std::int64_t token, std::int64_t tokens, float* q) const;
  void split_sums(const float* sums, std::int64_t token, std::int64_t tokens);
  void join_values(std::int64_t token, std::int64_t tokens, float* out) const;

  // GEMMs, head by head, between them.
  void absorb(const DecoderWeights::Layer& weights, std::int64_t tokens,
              LinearWorkspace& workspace);
  void expand(const DecoderWeights::Layer& weights, std::int64_t tokens,
              LinearWorkspace& workspace);

 private:
  void by_head(const std::vector<std::unique_ptr<PackedLinear>>& heads, std::int64_t tokens,
               LinearWorkspace& workspace);

  DecoderShape shape_;
  ThreadTeam& team_;
  RowKernel rmsnorm_;
  std::vector<float> in_, out_;  // [heads, tokens, a head's inputs or outputs]
};

}  // namespace inferbench
