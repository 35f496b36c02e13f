#include "kernels/attention/kv_cache.hpp"

#include <stdexcept>
#include <string>

#include "harness/base/error.hpp"
#include "kernels/attention/kernels.hpp"
#include "kernels/cpu/features.hpp"

namespace inferbench {
namespace {

struct Row {
  KvType type;
  const char* name;
  std::size_t bytes;
};
constexpr Row kTypes[] = {{KvType::fp32, "fp32", 4},     {KvType::bf16, "bf16", 2},
                          {KvType::fp16, "fp16", 2},     {KvType::int8, "int8", 1},
                          {KvType::e4m3, "fp8_e4m3", 1}, {KvType::e5m2, "fp8_e5m2", 1}};

// Writes one token's vectors of all kv heads.
void append_token(NarrowRow narrow, const KvCache& cache, std::int64_t block, std::int64_t slot,
                  const float* from, std::int64_t dim, std::byte* data, float* scales) {
  for (std::int64_t head = 0; head < cache.kv_heads; ++head) {
    const std::size_t at = cache.page(block, head) + static_cast<std::size_t>(slot);
    narrow(from + head * dim, dim, data + at * static_cast<std::size_t>(dim) * kv_bytes(cache.type),
           scales == nullptr ? nullptr : scales + at);
  }
}

void check_rows(const char* what, std::size_t size, std::int64_t tokens, const KvCache& cache,
                std::int64_t dim) {
  if (size == static_cast<std::size_t>(tokens * cache.kv_heads * dim)) return;
  throw Error("append_kv", std::string(what) + " have " + std::to_string(size) + " elements",
              "must have " + std::to_string(tokens) + " tokens * " +
                  std::to_string(cache.kv_heads) + " heads * " + std::to_string(dim));
}

}  // namespace

std::vector<std::string> kv_formats() {
  std::vector<std::string> names;
  for (const Row& r : kTypes) names.emplace_back(r.name);
  return names;
}

KvType kv_type(std::string_view format) {
  for (const Row& r : kTypes) {
    if (format == r.name) return r.type;
  }
  throw std::logic_error("an attention case of no known format");
}

std::size_t kv_bytes(KvType type) {
  return kTypes[static_cast<std::size_t>(type)].bytes;
}

void check_batch(const AttentionBatch& batch, std::int64_t blocks) {
  const auto sequences = static_cast<std::size_t>(batch.sequences());
  const auto table = sequences * static_cast<std::size_t>(batch.max_blocks);
  if (batch.starts.size() != sequences + 1 || batch.starts.front() != 0 || batch.max_blocks < 0 ||
      batch.block_table.size() != table) {
    throw Error("attention batch",
                std::to_string(batch.starts.size()) + " starts and a block table of " +
                    std::to_string(batch.block_table.size()),
                "must be sequences + 1, from 0, and sequences * max_blocks");
  }
  for (std::int64_t s = 0; s < batch.sequences(); ++s) {
    const std::int64_t tokens = batch.new_tokens(s);
    const std::int64_t needed = (batch.cached(s) + tokens + kKvBlock - 1) / kKvBlock;
    if (tokens < 0 || batch.cached(s) < 0 || needed > batch.max_blocks) {
      throw Error("attention batch", "sequence " + std::to_string(s),
                  "its tokens must fit its blocks, and starts must not decrease");
    }
    for (std::int64_t b = 0; b < needed; ++b) {
      const std::int32_t block = batch.blocks(s)[b];
      if (block >= 0 && block < blocks) continue;
      throw Error("attention batch",
                  "block " + std::to_string(block) + " of sequence " + std::to_string(s),
                  "the cache has blocks 0 to " + std::to_string(blocks - 1));
    }
  }
}

void append_kv(const AttentionBatch& batch, std::span<const float> keys,
               std::span<const float> values, const KvCache& cache, ThreadTeam& team) {
  check_batch(batch, cache.blocks);
  check_rows("keys", keys.size(), batch.tokens(), cache, cache.key_dim);
  check_rows("values", values.size(), cache.values == nullptr ? 0 : batch.tokens(), cache,
             cache.value_dim);
  const NarrowRow narrow = attention_kernels(best_isa()).narrow(cache.type);
  team.run([&](unsigned rank) {
    const Range mine = share(batch.tokens(), rank, team.size());
    std::int64_t s = 0;
    for (std::int64_t i = mine.begin; i < mine.end; ++i) {
      while (batch.start(s + 1) <= i) ++s;
      const std::int64_t token = batch.cached(s) + i - batch.start(s);
      const std::int64_t block = batch.blocks(s)[token / kKvBlock], slot = token % kKvBlock;
      append_token(narrow, cache, block, slot, keys.data() + i * cache.kv_heads * cache.key_dim,
                   cache.key_dim, cache.keys, cache.key_scale);
      if (cache.values == nullptr) continue;
      append_token(narrow, cache, block, slot, values.data() + i * cache.kv_heads * cache.value_dim,
                   cache.value_dim, cache.values, cache.value_scale);
    }
  });
}

}  // namespace inferbench
