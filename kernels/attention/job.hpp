#pragma once

#include <algorithm>
#include <atomic>
#include <cmath>
#include <cstdint>
#include <vector>

#include "kernels/attention/attention.hpp"
#include "kernels/attention/kernels.hpp"
#include "kernels/cpu/buffer.hpp"

namespace inferbench {

// One call of PagedAttention, checked.
struct AttentionJob {
  const AttentionShape& shape;
  const AttentionBatch& batch;
  const KvCache& cache;
  const float* q = nullptr;
  float* out = nullptr;
  const PartialAttention* partial = nullptr;  // null: over all of the cached tokens

  std::int64_t group() const { return shape.q_heads / shape.kv_heads; }
  float scale() const {
    return shape.scale != 0 ? shape.scale : 1.0F / std::sqrt(static_cast<float>(shape.key_dim));
  }
  // What new token `token` of a sequence sees, by its place in the cache.
  TokenRange visible(std::int64_t sequence, std::int64_t token) const {
    const std::int64_t last = position(sequence, token) + 1;
    const std::int64_t first =
        shape.window > 0 ? std::max<std::int64_t>(0, last - shape.window) : 0;
    if (partial == nullptr) return {first, last};
    return {partial->cached.of_first(first), partial->cached.of_first(last)};
  }
  std::int64_t position(std::int64_t sequence, std::int64_t token) const {
    if (partial == nullptr) return batch.cached(sequence) + token;
    return partial->positions[static_cast<std::size_t>(batch.start(sequence) + token)];
  }
  // Where the log-sum-exp of a head goes, which is where head_at() says; null: nowhere.
  float* lse_at(std::int64_t head) const {
    return partial == nullptr ? nullptr : partial->lse.data() + head;
  }
  // Of `row` = token * group + head of a kv head: where its query head lies among all of q or out.
  std::int64_t head_at(std::int64_t sequence, std::int64_t kv_head, std::int64_t row) const {
    return (batch.start(sequence) + row / group()) * shape.q_heads + kv_head * group() +
           row % group();
  }
};

// Tokens of one part of a sequence's cache. Long contexts are split so that threads can share one
// sequence; at fixed places, so that the result does not depend on their number.
inline constexpr std::int64_t kSplitTokens = 512;

inline std::vector<TokenRange> split_tokens(TokenRange all) {
  std::vector<TokenRange> parts;
  for (std::int64_t at = all.first; at < all.last;) {
    const std::int64_t end = std::min(all.last, (at / kSplitTokens + 1) * kSplitTokens);
    parts.push_back({at, end});
    at = end;
  }
  return parts;
}

// States of the rows of all parts, kept from call to call.
class SoftmaxStates {
 public:
  void reserve(std::int64_t rows, std::int64_t value_dim) {
    const auto n = static_cast<std::size_t>(rows), dim = static_cast<std::size_t>(value_dim);
    if (largest_.size() < n) largest_ = Buffer<float>(n), sum_ = Buffer<float>(n);
    if (values_.size() < n * dim) values_ = Buffer<float>(n * dim);
    value_dim_ = value_dim;
  }
  SoftmaxState at(std::int64_t row) {
    return {.largest = largest_.data() + row,
            .sum = sum_.data() + row,
            .values = values_.data() + row * value_dim_};
  }
  // out [value_dim]: the parts of one row, which lie `stride` rows apart. lse may be null.
  void combine(std::int64_t row, std::int64_t stride, std::int64_t parts, float* out, float* lse) {
    float largest = -HUGE_VALF;
    for (std::int64_t i = 0; i < parts; ++i) {
      largest = std::max(largest, *at(row + i * stride).largest);
    }
    std::fill_n(out, value_dim_, 0.0F);
    if (largest == -HUGE_VALF) {
      if (lse != nullptr) *lse = largest;
      return;
    }
    float total = 0;
    for (std::int64_t i = 0; i < parts; ++i) {
      const SoftmaxState part = at(row + i * stride);
      const float factor = std::exp(*part.largest - largest);
      total += factor * *part.sum;
      for (std::int64_t d = 0; d < value_dim_; ++d) out[d] += factor * part.values[d];
    }
    for (std::int64_t d = 0; d < value_dim_; ++d) out[d] /= total;
    if (lse != nullptr) *lse = largest + std::log(total);
  }

 private:
  Buffer<float> largest_, sum_, values_;
  std::int64_t value_dim_ = 0;
};

// Threads take the next item when they are free. Each is computed by itself, so who computes it
// does not matter; costly ones should come first.
template <class Body>
void for_each_taken(ThreadTeam& team, std::size_t items, const Body& body) {
  std::atomic<std::size_t> next{0};
  team.run([&](unsigned rank) {
    for (std::size_t i = next++; i < items; i = next++) body(i, rank);
  });
}

// Decode: rows of a kv head pass over each page together.
class PageAttention {
 public:
  PageAttention(const AttentionKernels& kernels, ThreadTeam& team)
      : kernels_(kernels), team_(team), scratch_(team.size()) {}
  void run(const AttentionJob& job, const std::vector<std::int64_t>& sequences);

 private:
  struct Part {
    std::int64_t sequence = 0, rows = 0;  // of a kv head
    TokenRange tokens;
    std::int64_t state = 0;  // first of kv_heads * rows
  };
  struct Sequence {
    std::int64_t sequence = 0, rows = 0, parts = 0, state = 0;
  };
  struct Scratch {
    Buffer<float> q;
    std::vector<TokenRange> seen;
  };
  void plan(const AttentionJob& job, const std::vector<std::int64_t>& sequences);
  void run_part(const AttentionJob& job, const Part& part, Scratch& scratch);

  const AttentionKernels& kernels_;
  ThreadTeam& team_;
  std::vector<Part> parts_;
  std::vector<Sequence> sequences_;
  std::vector<Scratch> scratch_;
  SoftmaxStates states_;
};

// Prefill and MLA decode: tiles of query rows against blocks of keys and values that are widened
// and packed once per tile, with the GEMM's kernels (FlashAttention-2, arXiv 2307.08691).
class TileAttention {
 public:
  TileAttention(const AttentionShape& shape, const AttentionKernels& kernels, ThreadTeam& team);
  void run(const AttentionJob& job, const std::vector<std::int64_t>& sequences);

 private:
  // Queries of consecutive tokens, all heads of a group: row = token * group + head.
  struct Tile {
    std::int64_t sequence = 0, kv_head = 0, token = 0, tokens = 0;
    TokenRange keys;
    std::int64_t parts = 1, state = -1;  // of the first row, where the keys are split
  };
  struct Scratch {
    Buffer<float> q, keys, values, scores, out, page, largest, sum;
  };
  void plan(const AttentionJob& job, const std::vector<std::int64_t>& sequences);
  void run_tile(const AttentionJob& job, const Tile& tile, Scratch& s);
  void gather_queries(const AttentionJob& job, const Tile& tile, Scratch& s) const;
  void pack_block(const AttentionJob& job, const Tile& tile, TokenRange keys, Scratch& s) const;
  void attend(const AttentionJob& job, const Tile& tile, TokenRange keys, TokenRange rows,
              Scratch& s) const;
  void soften(const AttentionJob& job, const Tile& tile, TokenRange keys, TokenRange rows,
              std::int64_t padded, Scratch& s) const;
  void multiply(TileCall call, const float* panel, std::int64_t panel_size, std::int64_t panels,
                std::int64_t rows, float* out) const;
  void finish(const AttentionJob& job, const Tile& tile, Scratch& s);

  const AttentionKernels& kernels_;
  const TileSet& tiles_;
  ThreadTeam& team_;
  std::int64_t group_, tile_tokens_, block_keys_;
  std::int64_t panels_, columns_;  // of values
  std::int64_t q_stride_, score_stride_;
  std::vector<Tile> work_, split_;  // split_: one of the parts of each, with their number
  std::vector<Scratch> scratch_;
  SoftmaxStates states_;
};

}  // namespace inferbench
