#pragma once

// Page by page attention for the Vec of the file that includes this.

#include <algorithm>
#include <cmath>

#include "kernels/attention/body_load.hpp"

namespace inferbench {
namespace {

// One kv head of one block, and where the page that follows it lies.
struct Page {
  const std::byte *keys = nullptr, *values = nullptr;
  const float *key_scale = nullptr, *value_scale = nullptr;
  const std::byte *next_keys = nullptr, *next_values = nullptr;  // null: do not prefetch
  std::int64_t key_dim = 0, value_dim = 0;
  std::int64_t at = 0;     // its first token
  TokenRange seen_by_any;  // of its 16 tokens
};

// Rows that share a pass.
struct PageRows {
  const TokenRange* seen = nullptr;  // of the sequence's tokens
  float *largest = nullptr, *sum = nullptr, *values = nullptr;
};

// Into L2: what L1 can have under way at once is a third of what the memory delivers.
INFERBENCH_TARGET INFERBENCH_INLINE void prefetch(const std::byte* from, std::size_t bytes) {
  for (std::size_t b = 0; b < bytes; b += 64) __builtin_prefetch(from + b, 0, 2);
}

// A query vector that is loaded serves several tokens: accumulators fill half of the registers.
template <int kRows>
constexpr int tokens_at_a_time() {
  constexpr int kSums = Vec::kLanes == 16 ? 16 : 8;
  return kSums / kRows < 8 ? kSums / kRows : 8;
}

// scores[token][row]
template <KvType kType, int kRows>
INFERBENCH_TARGET INFERBENCH_INLINE void page_scores(const Page& page, const float* q,
                                                     float* scores) {
  constexpr int kTokens = tokens_at_a_time<kRows>();
  constexpr int kSums = kTokens * kRows;
  const std::size_t row = static_cast<std::size_t>(page.key_dim) * bytes_of<kType>();
  for (std::int64_t t = 0; t < kKvBlock; t += kTokens) {
    Vec::F sum[kSums];
    INFERBENCH_UNROLL
    for (int i = 0; i < kSums; ++i) sum[i] = Vec::zero();
    const std::byte* keys = page.keys + static_cast<std::size_t>(t) * row;
    for (std::int64_t d = 0; d < page.key_dim; d += Vec::kLanes) {
      Vec::F k[kTokens];
      INFERBENCH_UNROLL
      for (int token = 0; token < kTokens; ++token) {
        k[token] = load_kv<kType>(keys + static_cast<std::size_t>(token) * row +
                                  static_cast<std::size_t>(d) * bytes_of<kType>());
      }
      INFERBENCH_UNROLL
      for (int r = 0; r < kRows; ++r) {
        const Vec::F x = Vec::load(q + r * page.key_dim + d);
        INFERBENCH_UNROLL
        for (int token = 0; token < kTokens; ++token) {
          sum[token * kRows + r] = Vec::fma(k[token], x, sum[token * kRows + r]);
        }
      }
    }
    Vec::store_sums<kSums>(scores + t * kRows, sum);
    if (page.next_keys != nullptr) {
      prefetch(page.next_keys + static_cast<std::size_t>(t) * row, row * kTokens);
    }
  }
  if constexpr (kType == KvType::int8) {
    for (std::int64_t t = 0; t < kKvBlock; ++t) {
      for (int r = 0; r < kRows; ++r) scores[t * kRows + r] *= page.key_scale[t];
    }
  }
}

// Lanes whose index is the same modulo kPeriod, all together.
template <int kPeriod, int kDistance = Vec::kLanes / 2>
INFERBENCH_TARGET INFERBENCH_INLINE Vec::F fold_max(Vec::F x) {
  if constexpr (kDistance < kPeriod) {
    return x;
  } else {
    return fold_max<kPeriod, kDistance / 2>(Vec::max(x, Vec::swap<kDistance>(x)));
  }
}
template <int kPeriod, int kDistance = Vec::kLanes / 2>
INFERBENCH_TARGET INFERBENCH_INLINE Vec::F fold_sum(Vec::F x) {
  if constexpr (kDistance < kPeriod) {
    return x;
  } else {
    return fold_sum<kPeriod, kDistance / 2>(Vec::add(x, Vec::swap<kDistance>(x)));
  }
}

template <int kRows>
void hide_unseen(const Page& page, const TokenRange* seen, float* scores) {
  for (std::int64_t t = 0; t < kKvBlock; ++t) {
    for (int r = 0; r < kRows; ++r) {
      if (page.at + t < seen[r].first || page.at + t >= seen[r].last) {
        scores[t * kRows + r] = -HUGE_VALF;
      }
    }
  }
}

// Scores into weights; what was summed before shrinks where a row's largest score grew.
template <int kRows>
INFERBENCH_TARGET INFERBENCH_INLINE void page_softmax(const Page& page, const PageRows& rows,
                                                      float* scores) {
  constexpr int kScores = static_cast<int>(kKvBlock) * kRows;
  if (rows.seen[kRows - 1].first > page.at || rows.seen[0].last < page.at + kKvBlock) {
    hide_unseen<kRows>(page, rows.seen, scores);
  }
  const Vec::F before = Vec::repeat<kRows>(rows.largest);
  Vec::F now = Vec::load(scores);
  for (int i = Vec::kLanes; i < kScores; i += Vec::kLanes) {
    now = Vec::max(now, Vec::load(scores + i));
  }
  now = Vec::max(before, fold_max<kRows>(now));
  // A row that has seen nothing yet: exp(-inf - 0) is 0, as it should be.
  const Vec::F shift = Vec::keep_from(now, now, Vec::set1(-0x1.fffffep127F));
  Vec::F total = Vec::zero();
  for (int i = 0; i < kScores; i += Vec::kLanes) {
    const Vec::F weight = exp(Vec::sub(Vec::load(scores + i), shift));
    Vec::store(scores + i, weight);
    total = Vec::add(total, weight);
  }
  alignas(64) float largest[Vec::kLanes], factor[Vec::kLanes], part[Vec::kLanes];
  Vec::store(largest, now);
  Vec::store(factor, exp(Vec::sub(before, shift)));
  Vec::store(part, fold_sum<kRows>(total));
  for (int r = 0; r < kRows; ++r) {
    if (largest[r] == rows.largest[r]) {
      rows.sum[r] += part[r];
      continue;
    }
    rows.largest[r] = largest[r];
    rows.sum[r] = rows.sum[r] * factor[r] + part[r];
    float* values = rows.values + r * page.value_dim;
    for (std::int64_t d = 0; d < page.value_dim; d += Vec::kLanes) {
      Vec::store(values + d, Vec::mul(Vec::load(values + d), Vec::set1(factor[r])));
    }
  }
}

// values[row] += weights[token][row] * page values, kVectors vectors of a row at a time.
template <KvType kType, int kRows, int kVectors>
INFERBENCH_TARGET INFERBENCH_INLINE void page_values(const Page& page, const float* weights,
                                                     std::int64_t from, float* values) {
  const std::size_t row = static_cast<std::size_t>(page.value_dim) * bytes_of<kType>();
  const std::size_t offset = static_cast<std::size_t>(from) * bytes_of<kType>();
  Vec::F sum[kRows][kVectors];
  INFERBENCH_UNROLL
  for (int r = 0; r < kRows; ++r) {
    INFERBENCH_UNROLL
    for (int v = 0; v < kVectors; ++v) {
      sum[r][v] = Vec::load(values + r * page.value_dim + from + v * Vec::kLanes);
    }
  }
  for (std::int64_t t = page.seen_by_any.first; t < page.seen_by_any.last; ++t) {
    const std::byte* at = page.values + static_cast<std::size_t>(t) * row + offset;
    Vec::F x[kVectors];
    INFERBENCH_UNROLL
    for (int v = 0; v < kVectors; ++v) {
      x[v] = load_kv<kType>(at + static_cast<std::size_t>(v * Vec::kLanes) * bytes_of<kType>());
    }
    INFERBENCH_UNROLL
    for (int r = 0; r < kRows; ++r) {
      const Vec::F w = Vec::set1(weights[t * kRows + r]);
      INFERBENCH_UNROLL
      for (int v = 0; v < kVectors; ++v) sum[r][v] = Vec::fma(w, x[v], sum[r][v]);
    }
    if (page.next_values != nullptr) {
      prefetch(page.next_values + static_cast<std::size_t>(t) * row + offset,
               static_cast<std::size_t>(kVectors * Vec::kLanes) * bytes_of<kType>());
    }
  }
  INFERBENCH_UNROLL
  for (int r = 0; r < kRows; ++r) {
    INFERBENCH_UNROLL
    for (int v = 0; v < kVectors; ++v) {
      Vec::store(values + r * page.value_dim + from + v * Vec::kLanes, sum[r][v]);
    }
  }
}

// values of a row that one pass sums, as many as registers hold besides the values and a weight
template <int kRows>
constexpr int vectors_at_a_time() {
  constexpr int kSums = Vec::kLanes == 16 ? 16 : 8;
  return kSums / kRows < 4 ? kSums / kRows : 4;
}

template <KvType kType, int kRows>
INFERBENCH_TARGET INFERBENCH_INLINE void weigh_values(const Page& page, float* weights,
                                                      float* values) {
  constexpr int kVectors = vectors_at_a_time<kRows>();
  if constexpr (kType == KvType::int8) {
    for (std::int64_t t = page.seen_by_any.first; t < page.seen_by_any.last; ++t) {
      for (int r = 0; r < kRows; ++r) weights[t * kRows + r] *= page.value_scale[t];
    }
  }
  std::int64_t d = 0;
  for (; d + kVectors * Vec::kLanes <= page.value_dim; d += kVectors * Vec::kLanes) {
    page_values<kType, kRows, kVectors>(page, weights, d, values);
  }
  for (; d < page.value_dim; d += Vec::kLanes) {
    page_values<kType, kRows, 1>(page, weights, d, values);
  }
}

constexpr std::int64_t kHeadsTogether = 2;

template <KvType kType>
INFERBENCH_TARGET INFERBENCH_INLINE Page page_of(const PageCall& c, std::int64_t at,
                                                 std::int64_t head, bool first_pass) {
  const KvCache& cache = *c.cache;
  Page p;
  p.key_dim = cache.key_dim, p.value_dim = cache.value_dim;
  const std::size_t key_row = static_cast<std::size_t>(p.key_dim) * bytes_of<kType>(),
                    value_row = static_cast<std::size_t>(p.value_dim) * bytes_of<kType>();
  const std::size_t here = cache.page(c.blocks[at], head);
  p.keys = cache.keys + here * key_row, p.values = cache.values + here * value_row;
  if (kType == KvType::int8) {
    p.key_scale = cache.key_scale + here, p.value_scale = cache.value_scale + here;
  }
  // What the pass after this one reads: heads further on, or the first ones of the next block.
  const bool same_block = head + kHeadsTogether < cache.kv_heads;
  if (first_pass && (same_block || (at + 1) * kKvBlock < c.part.last)) {
    const std::int64_t next_head = same_block ? head + kHeadsTogether : head % kHeadsTogether;
    const std::size_t there =
        cache.page(c.blocks[same_block ? at : at + 1], std::min(next_head, cache.kv_heads - 1));
    p.next_keys = cache.keys + there * key_row, p.next_values = cache.values + there * value_row;
  }
  p.at = at * kKvBlock;
  p.seen_by_any = {std::max<std::int64_t>(0, c.part.first - p.at),
                   std::min(kKvBlock, c.part.last - p.at)};
  return p;
}

// kRows rows of each of up to kHeadsTogether kv heads against a block. Scores of all, softmax of
// all, values of all: the softmax of one head is a chain of latencies, two overlap.
template <KvType kType, int kRows>
INFERBENCH_TARGET void attend_block(const PageCall& c, std::int64_t at, std::int64_t first_head,
                                    std::int64_t last_head, std::int64_t first_row) {
  alignas(64) float scores[kHeadsTogether][kKvBlock * kRows];
  const std::int64_t key_dim = c.cache->key_dim, value_dim = c.cache->value_dim;
  const bool first_pass = first_row == 0;
  for (std::int64_t head = first_head; head < last_head; ++head) {
    const Page page = page_of<kType>(c, at, head, first_pass);
    const float* q = c.q + (head * c.rows + first_row) * key_dim;
    page_scores<kType, kRows>(page, q, scores[head - first_head]);
  }
  for (std::int64_t head = first_head; head < last_head; ++head) {
    const std::int64_t row = head * c.rows + first_row;
    page_softmax<kRows>(page_of<kType>(c, at, head, false),
                        {.seen = c.seen + first_row,
                         .largest = c.state.largest + row,
                         .sum = c.state.sum + row,
                         .values = c.state.values + row * value_dim},
                        scores[head - first_head]);
  }
  for (std::int64_t head = first_head; head < last_head; ++head) {
    float* values = c.state.values + (head * c.rows + first_row) * value_dim;
    weigh_values<kType, kRows>(page_of<kType>(c, at, head, first_pass), scores[head - first_head],
                               values);
  }
}

template <KvType kType>
INFERBENCH_TARGET void attend_pages(const PageCall& c) {
  constexpr int kWidest = Vec::kLanes == 16 ? 8 : 4;
  const std::int64_t heads = c.cache->kv_heads, rows = heads * c.rows;
  const std::int64_t value_dim = c.cache->value_dim;
  std::fill_n(c.state.largest, rows, -HUGE_VALF);
  std::fill_n(c.state.sum, rows, 0.0F);
  std::fill_n(c.state.values, rows * value_dim, 0.0F);
  for (std::int64_t at = c.part.first / kKvBlock; at * kKvBlock < c.part.last; ++at) {
    for (std::int64_t head = 0; head < heads; head += kHeadsTogether) {
      const std::int64_t end = std::min(heads, head + kHeadsTogether);
      for (std::int64_t row = 0; row < c.rows;) {
        const std::int64_t left = c.rows - row;
        if (left >= kWidest) {
          attend_block<kType, kWidest>(c, at, head, end, row);
          row += kWidest;
        } else if (left >= 4) {
          attend_block<kType, 4>(c, at, head, end, row);
          row += 4;
        } else if (left >= 2) {
          attend_block<kType, 2>(c, at, head, end, row);
          row += 2;
        } else {
          attend_block<kType, 1>(c, at, head, end, row);
          row += 1;
        }
      }
    }
  }
  if constexpr (kLoadFactor<kType> != 1.0F) {
    for (std::int64_t i = 0; i < rows * value_dim; i += Vec::kLanes) {
      Vec::store(c.state.values + i,
                 Vec::mul(Vec::load(c.state.values + i), Vec::set1(kLoadFactor<kType>)));
    }
  }
}

PageKernel pick_pages(KvType type) {
  INFERBENCH_PICK_KV(attend_pages, type);
}

}  // namespace
}  // namespace inferbench
