#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "kernels/cpu/team.hpp"

namespace inferbench {

// Element types of a KV cache. int8 has one scale per token and head; fp8 saturates.
enum class KvType { fp32, bf16, fp16, int8, e4m3, e5m2 };

std::vector<std::string> kv_formats();
KvType kv_type(std::string_view format);
std::size_t kv_bytes(KvType type);

inline constexpr std::int64_t kKvBlock = 16;  // tokens of a KV block

// Keys and values in blocks of 16 tokens, in the caller's memory.
//
//   keys         [blocks, kv_heads, 16, key_dim]     of `type`
//   values       [blocks, kv_heads, 16, value_dim]   of `type`; null: a token's value is the first
//                value_dim elements of its key, as in a cache of MLA latents
//   key_scale    [blocks, kv_heads, 16]   fp32, of int8 only; value_scale the same
struct KvCache {
  KvType type = KvType::fp32;
  std::int64_t blocks = 0, kv_heads = 0, key_dim = 0, value_dim = 0;
  std::byte *keys = nullptr, *values = nullptr;
  float *key_scale = nullptr, *value_scale = nullptr;

  // Where the page of one kv head in one block begins, counted in tokens.
  std::size_t page(std::int64_t block, std::int64_t head) const {
    return static_cast<std::size_t>((block * kv_heads + head) * kKvBlock);
  }
};

// The tokens of each sequence that one of several context-parallel ranks caches: blocks of 16 in
// turns, those of block b on rank b % ranks. They stand in its cache one after the other, and one
// block table serves all ranks: an entry is 16 * ranks tokens, 16 on each.
struct KvShare {
  std::int64_t rank = 0, ranks = 1;

  std::int64_t rank_of(std::int64_t token) const { return token / kKvBlock % ranks; }
  // How many of the first `tokens` tokens of a sequence are here.
  std::int64_t of_first(std::int64_t tokens) const {
    const std::int64_t round = kKvBlock * ranks;
    return tokens / round * kKvBlock +
           std::clamp<std::int64_t>(tokens % round - rank * kKvBlock, 0, kKvBlock);
  }
};

// The new tokens of some sequences, one sequence after the other, and what is cached for them.
//
//   starts       [sequences + 1]   first new token of each, and the number of all (cu_seqlens)
//   context      [sequences]       tokens cached before the new ones
//   block_table  [sequences, max_blocks]   the cache block of each 16 tokens, the new ones included
struct AttentionBatch {
  std::span<const std::int64_t> starts, context;
  std::span<const std::int32_t> block_table;
  std::int64_t max_blocks = 0;

  std::int64_t sequences() const { return static_cast<std::int64_t>(context.size()); }
  std::int64_t tokens() const { return starts.empty() ? 0 : starts.back(); }
  std::int64_t start(std::int64_t s) const { return starts[static_cast<std::size_t>(s)]; }
  std::int64_t new_tokens(std::int64_t s) const { return start(s + 1) - start(s); }
  std::int64_t cached(std::int64_t s) const { return context[static_cast<std::size_t>(s)]; }
  const std::int32_t* blocks(std::int64_t s) const { return block_table.data() + s * max_blocks; }
};

// Throws Error if a span has the wrong size, starts decrease or a block that is needed is not one
// of `blocks`.
void check_batch(const AttentionBatch& batch, std::int64_t blocks);

// Writes the new tokens' keys and values into their pages, rounded to the cache's type: to nearest
// even, beyond fp16 or fp8 to the largest finite value, int8 with one scale per token and head.
//
//   keys    [tokens, kv_heads, key_dim]     fp32
//   values  [tokens, kv_heads, value_dim]   fp32; empty where the cache has no values of its own
//
// Throws Error as check_batch does. A token's page depends on nothing but that token.
void append_kv(const AttentionBatch& batch, std::span<const float> keys,
               std::span<const float> values, const KvCache& cache, ThreadTeam& team);

}  // namespace inferbench
