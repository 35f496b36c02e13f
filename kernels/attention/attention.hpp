#pragma once

#include <cstdint>
#include <memory>
#include <span>

#include "kernels/attention/kv_cache.hpp"
#include "kernels/cpu/features.hpp"

namespace inferbench {

struct AttentionJob;

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

// Queries against what one rank caches of their sequences.
struct PartialAttention {
  std::span<const std::int64_t> positions;  // [tokens], each token's in its sequence, ascending
  KvShare cached;
  std::span<float> lse;  // [tokens, q_heads]  log of the sum of the exponentials of the scores
};

// Rows of attention over a part of their keys.
struct AttentionPart {
  std::span<float> out;  // [rows, dim]
  std::span<float> lse;  // [rows]  minus infinity where a row sees no key of the part
};

// Adds to the attention of some rows over a part of their keys that over another part, [rows, dim]
// and [rows] as well: out becomes sum_i exp(lse_i - lse) out_i with lse = log sum_i exp(lse_i),
// exact but for rounding. A part without keys changes no bit. Throws Error for spans of other
// sizes.
//
// Source: Liu et al., "Ring Attention with Blockwise Transformers", arXiv 2310.01889, section 3;
// Dao et al., "Flash-Decoding for long-context inference", 2023.
void merge_attention(const AttentionPart& to, std::span<const float> other,
                     std::span<const float> other_lse, std::int64_t dim, ThreadTeam& team);

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

  // The same for queries at `part.positions` over the tokens of `part.cached` alone, of a cache and
  // block tables as KvShare says. `batch.context` is not looked at but for its size. A row that
  // sees none of these tokens becomes zeros, and its lse minus infinity.
  void run_partial(const AttentionBatch& batch, const PartialAttention& part,
                   std::span<const float> q, const KvCache& cache, std::span<float> out,
                   AttentionMethod method = AttentionMethod::by_tokens);

 private:
  struct Parts;
  void compute(const AttentionJob& job, AttentionMethod method);

  std::unique_ptr<Parts> parts_;
};

}  // namespace inferbench
