#pragma once

#include <cstdint>
#include <memory>
#include <span>

#include "kernels/attention/kv_cache.hpp"
#include "kernels/cpu/features.hpp"

namespace inferbench {

// Heads of a layer. q_heads is a multiple of the cache's kv_heads.
struct AttentionShape {
  std::int64_t q_heads = 0, kv_heads = 0;
  std::int64_t key_dim = 0, value_dim = 0;  // multiples of 16
  std::int64_t window = 0;                  // tokens that a token sees, itself included; 0: all
  float scale = 0;                          // of the scores; 0: 1 / sqrt(key_dim)
};

// How a sequence is computed.
enum class AttentionMethod {
  by_tokens,  // pages for up to kMostPageTokens new tokens, tiles for more
  pages,      // a pass over each page per few query rows: decode, drafts
  tiles,      // query rows against packed blocks of keys: prompts, MLA decode
};
inline constexpr std::int64_t kMostPageTokens = 4;

// Causal attention of new tokens over a paged cache, on the caller's buffers.
//
//   q      [tokens, q_heads, key_dim]     fp32
//   cache  holds the new tokens too: append_kv first
//   out    [tokens, q_heads, value_dim]   fp32
//
// Token i of a sequence sees its cached context and the new tokens up to itself, or the last
// `window` of these. Sequences of any length, prompts, chunks and decodes, may stand in one batch.
//
// Batch invariance: a sequence's rows are the same bits whatever else is in the batch, wherever its
// blocks lie, and on any number of threads. Contexts are split at fixed places, parts are combined
// in order, and no choice depends on other sequences. They may differ between instruction sets,
// between methods, and between a prompt whole and in chunks.
class PagedAttention {
 public:
  // Throws Error for shapes that are not computed. `team` must outlive this.
  PagedAttention(const AttentionShape& shape, ThreadTeam& team, Isa isa = best_isa());
  ~PagedAttention();

  // Throws Error if a span has the wrong size, the cache is of another shape, or as check_batch.
  void run(const AttentionBatch& batch, std::span<const float> q, const KvCache& cache,
           std::span<float> out, AttentionMethod method = AttentionMethod::by_tokens);

 private:
  struct Parts;
  std::unique_ptr<Parts> parts_;
};

}  // namespace inferbench
