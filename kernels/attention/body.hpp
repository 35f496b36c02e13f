#pragma once

// Decode and prefill kernels for the Vec of the file that includes this.

#include <algorithm>
#include <cmath>
#include <cstring>

#include "kernels/attention/kernels.hpp"

namespace inferbench {
namespace {

template <KvType kType>
INFERBENCH_TARGET INFERBENCH_INLINE Vec::F load_kv(const std::byte* p) {
  if constexpr (kType == KvType::fp32) {
    return Vec::load(reinterpret_cast<const float*>(p));
  } else if constexpr (kType == KvType::bf16) {
    return Vec::load_bf16(reinterpret_cast<const std::uint16_t*>(p));
  } else if constexpr (kType == KvType::fp16) {
    return Vec::load_fp16(reinterpret_cast<const std::uint16_t*>(p));
  } else if constexpr (kType == KvType::int8) {
    return Vec::load_int8(reinterpret_cast<const std::uint8_t*>(p));
  } else if constexpr (kType == KvType::e4m3) {
    return Vec::load_e4m3(reinterpret_cast<const std::uint8_t*>(p));
  } else {
    return Vec::load_e5m2(reinterpret_cast<const std::uint8_t*>(p));
  }
}

template <KvType kType>
constexpr std::size_t bytes_of() {
  if (kType == KvType::fp32) return 4;
  return kType == KvType::bf16 || kType == KvType::fp16 ? 2 : 1;
}

// One kv head of one block, and where the page that follows it lies.
struct Page {
  const std::byte *keys = nullptr, *values = nullptr;
  const float *key_scale = nullptr, *value_scale = nullptr;
  const std::byte *next_keys = nullptr, *next_values = nullptr;
  std::int64_t first = 0, last = 0;  // of its 16 tokens
};

constexpr int kMostGroup = 4;  // query heads in one pass; larger groups take several

INFERBENCH_TARGET INFERBENCH_INLINE void prefetch(const std::byte* from, std::size_t bytes) {
  for (std::size_t b = 0; b < bytes; b += 64) {
    _mm_prefetch(reinterpret_cast<const char*>(from + b), _MM_HINT_T0);
  }
}

// scores[token][head], four sums at a time: four heads of a token, two heads of two tokens, or one
// head of four tokens.
template <KvType kType, int kHeads>
INFERBENCH_TARGET INFERBENCH_INLINE void page_scores(const Page& page, const float* q,
                                                     std::int64_t head_dim, float* scores) {
  constexpr int kTokens = kMostGroup / kHeads;
  const std::size_t row = static_cast<std::size_t>(head_dim) * bytes_of<kType>();
  for (std::int64_t t = 0; t < kKvBlock; t += kTokens) {
    Vec::F sum[kMostGroup];
    INFERBENCH_UNROLL
    for (int i = 0; i < kMostGroup; ++i) sum[i] = Vec::zero();
    const std::byte* keys = page.keys + static_cast<std::size_t>(t) * row;
    for (std::int64_t d = 0; d < head_dim; d += Vec::kLanes) {
      INFERBENCH_UNROLL
      for (int token = 0; token < kTokens; ++token) {
        const Vec::F k = load_kv<kType>(keys + static_cast<std::size_t>(token) * row +
                                        static_cast<std::size_t>(d) * bytes_of<kType>());
        INFERBENCH_UNROLL
        for (int h = 0; h < kHeads; ++h) {
          const int i = token * kHeads + h;
          sum[i] = Vec::fma(k, Vec::load(q + h * head_dim + d), sum[i]);
        }
      }
    }
    _mm_storeu_ps(scores + t * kHeads, Vec::sums(sum[0], sum[1], sum[2], sum[3]));
    prefetch(page.next_keys + static_cast<std::size_t>(t) * row, row * kTokens);
  }
}

// Scores into weights; what was summed before shrinks where a head's largest score grew.
template <int kHeads>
INFERBENCH_TARGET INFERBENCH_INLINE void page_softmax(const Page& page, float* scores,
                                                      std::int64_t head_dim, float* largest,
                                                      float* sum, float* values) {
  constexpr int kScores = static_cast<int>(kKvBlock) * kHeads;
  alignas(64) float pattern[kScores];
  float before[kHeads];
  for (int h = 0; h < kHeads; ++h) before[h] = largest[h];
  for (std::int64_t t = 0; t < kKvBlock; ++t) {
    const bool seen = t >= page.first && t < page.last;
    for (int h = 0; h < kHeads; ++h) {
      float& s = scores[t * kHeads + h];
      if (!seen) {
        s = -HUGE_VALF;
      } else {
        if (page.key_scale != nullptr) s *= page.key_scale[t];
        largest[h] = std::max(largest[h], s);
      }
    }
  }
  for (int i = 0; i < kScores; ++i) pattern[i] = largest[i % kHeads];
  for (int i = 0; i < kScores; i += Vec::kLanes) {
    Vec::store(scores + i, exp(Vec::sub(Vec::load(scores + i), Vec::load(pattern + i))));
  }
  for (int h = 0; h < kHeads; ++h) {
    float part = 0;
    for (std::int64_t t = 0; t < kKvBlock; ++t) part += scores[t * kHeads + h];
    if (largest[h] == before[h]) {
      sum[h] += part;
      continue;
    }
    // The first block shrinks nothing: exp of minus infinity is 0.
    const float factor = std::exp(before[h] - largest[h]);
    sum[h] = sum[h] * factor + part;
    float* row = values + h * head_dim;
    for (std::int64_t d = 0; d < head_dim; d += Vec::kLanes) {
      Vec::store(row + d, Vec::mul(Vec::load(row + d), Vec::set1(factor)));
    }
  }
  for (std::int64_t t = page.first; page.value_scale != nullptr && t < page.last; ++t) {
    for (int h = 0; h < kHeads; ++h) scores[t * kHeads + h] *= page.value_scale[t];
  }
}

// values[head] += weights[token][head] * page values, kVectors vectors of a row at a time.
template <KvType kType, int kHeads, int kVectors>
INFERBENCH_TARGET INFERBENCH_INLINE void page_values(const Page& page, const float* weights,
                                                     std::int64_t head_dim, std::int64_t from,
                                                     float* values) {
  const std::size_t row = static_cast<std::size_t>(head_dim) * bytes_of<kType>();
  const std::size_t offset = static_cast<std::size_t>(from) * bytes_of<kType>();
  Vec::F sum[kHeads][kVectors];
  INFERBENCH_UNROLL
  for (int h = 0; h < kHeads; ++h) {
    INFERBENCH_UNROLL
    for (int v = 0; v < kVectors; ++v) {
      sum[h][v] = Vec::load(values + h * head_dim + from + v * Vec::kLanes);
    }
  }
  for (std::int64_t t = page.first; t < page.last; ++t) {
    const std::byte* at = page.values + static_cast<std::size_t>(t) * row + offset;
    Vec::F x[kVectors];
    INFERBENCH_UNROLL
    for (int v = 0; v < kVectors; ++v) {
      x[v] = load_kv<kType>(at + static_cast<std::size_t>(v * Vec::kLanes) * bytes_of<kType>());
    }
    INFERBENCH_UNROLL
    for (int h = 0; h < kHeads; ++h) {
      const Vec::F w = Vec::set1(weights[t * kHeads + h]);
      INFERBENCH_UNROLL
      for (int v = 0; v < kVectors; ++v) sum[h][v] = Vec::fma(w, x[v], sum[h][v]);
    }
    prefetch(page.next_values + static_cast<std::size_t>(t) * row + offset,
             static_cast<std::size_t>(kVectors * Vec::kLanes) * bytes_of<kType>());
  }
  INFERBENCH_UNROLL
  for (int h = 0; h < kHeads; ++h) {
    INFERBENCH_UNROLL
    for (int v = 0; v < kVectors; ++v) {
      Vec::store(values + h * head_dim + from + v * Vec::kLanes, sum[h][v]);
    }
  }
}

template <KvType kType, int kHeads>
INFERBENCH_TARGET void decode_page(const Page& page, const float* q, std::int64_t head_dim,
                                   float* largest, float* sum, float* values) {
  // As many accumulators as registers hold besides the values and a weight.
  constexpr int kVectors = Vec::kLanes == 16 ? 4 : (kHeads == 4 ? 2 : 4);
  alignas(64) float scores[kKvBlock * kHeads];
  page_scores<kType, kHeads>(page, q, head_dim, scores);
  page_softmax<kHeads>(page, scores, head_dim, largest, sum, values);
  std::int64_t d = 0;
  for (; d + kVectors * Vec::kLanes <= head_dim; d += kVectors * Vec::kLanes) {
    page_values<kType, kHeads, kVectors>(page, scores, head_dim, d, values);
  }
  for (; d < head_dim; d += Vec::kLanes) {
    page_values<kType, kHeads, 1>(page, scores, head_dim, d, values);
  }
}

template <KvType kType>
INFERBENCH_TARGET void decode(const DecodeCall& c) {
  const DecodeState& s = c.state;
  for (std::int64_t h = 0; h < c.q_heads; ++h) s.largest[h] = -HUGE_VALF, s.sum[h] = 0;
  std::fill_n(s.values, c.q_heads * c.head_dim, 0.0F);
  const std::int64_t group = c.q_heads / c.kv_heads;
  const std::size_t page_bytes =
      static_cast<std::size_t>(kKvBlock * c.head_dim) * bytes_of<kType>();
  for (std::int64_t at = c.first / kKvBlock; at * kKvBlock < c.last; ++at) {
    const std::int64_t next = (at + 1) * kKvBlock < c.last ? at + 1 : at;
    for (std::int64_t head = 0; head < c.kv_heads; ++head) {
      const auto here = static_cast<std::size_t>(c.blocks[at] * c.kv_heads + head);
      const bool last_head = head + 1 == c.kv_heads;
      const auto there = static_cast<std::size_t>(c.blocks[last_head ? next : at] * c.kv_heads +
                                                  (last_head ? 0 : head + 1));
      Page page;
      page.keys = c.keys + here * page_bytes, page.values = c.values + here * page_bytes;
      page.next_keys = c.keys + there * page_bytes;
      page.next_values = c.values + there * page_bytes;
      if (c.key_scale != nullptr) {
        page.key_scale = c.key_scale + here * kKvBlock;
        page.value_scale = c.value_scale + here * kKvBlock;
      }
      page.first = std::max<std::int64_t>(0, c.first - at * kKvBlock);
      page.last = std::min(kKvBlock, c.last - at * kKvBlock);
      for (std::int64_t done = 0; done < group;) {
        const std::int64_t h = head * group + done;
        const float* q = c.q + h * c.head_dim;
        float* values = s.values + h * c.head_dim;
        if (group - done >= 4) {
          decode_page<kType, 4>(page, q, c.head_dim, s.largest + h, s.sum + h, values);
          done += 4;
        } else if (group - done >= 2) {
          decode_page<kType, 2>(page, q, c.head_dim, s.largest + h, s.sum + h, values);
          done += 2;
        } else {
          decode_page<kType, 1>(page, q, c.head_dim, s.largest + h, s.sum + h, values);
          done += 1;
        }
      }
    }
  }
}

DecodeKernel pick_decode(KvType type) {
  switch (type) {
    case KvType::fp32:
      return decode<KvType::fp32>;
    case KvType::bf16:
      return decode<KvType::bf16>;
    case KvType::fp16:
      return decode<KvType::fp16>;
    case KvType::int8:
      return decode<KvType::int8>;
    case KvType::e4m3:
      return decode<KvType::e4m3>;
    case KvType::e5m2:
      return decode<KvType::e5m2>;
  }
  return nullptr;
}

template <KvType kType>
INFERBENCH_TARGET INFERBENCH_INLINE void widen_as(const std::byte* from, std::int64_t n,
                                                  float factor, float* to) {
  for (std::int64_t d = 0; d < n; d += Vec::kLanes) {
    const Vec::F x = load_kv<kType>(from + static_cast<std::size_t>(d) * bytes_of<kType>());
    Vec::store(to + d, kType == KvType::int8 ? Vec::mul(x, Vec::set1(factor)) : x);
  }
}

INFERBENCH_TARGET void widen(KvType type, const std::byte* data, std::size_t at, std::int64_t n,
                             float factor, float* to) {
  const std::byte* from = data + at * kv_bytes(type);
  switch (type) {
    case KvType::fp32:
      return widen_as<KvType::fp32>(from, n, factor, to);
    case KvType::bf16:
      return widen_as<KvType::bf16>(from, n, factor, to);
    case KvType::fp16:
      return widen_as<KvType::fp16>(from, n, factor, to);
    case KvType::int8:
      return widen_as<KvType::int8>(from, n, factor, to);
    case KvType::e4m3:
      return widen_as<KvType::e4m3>(from, n, factor, to);
    case KvType::e5m2:
      return widen_as<KvType::e5m2>(from, n, factor, to);
  }
}

// n a multiple of the vector's length; scores not seen are minus infinity, at least one is not.
INFERBENCH_TARGET float row_softmax(float* scores, std::int64_t n, float* largest, float* sum) {
  Vec::F most = Vec::set1(-HUGE_VALF);
  for (std::int64_t i = 0; i < n; i += Vec::kLanes) most = Vec::max(most, Vec::load(scores + i));
  const float now = std::max(*largest, Vec::largest(most));
  const Vec::F shift = Vec::set1(now);
  Vec::F total = Vec::zero();
  for (std::int64_t i = 0; i < n; i += Vec::kLanes) {
    const Vec::F weight = exp(Vec::sub(Vec::load(scores + i), shift));
    Vec::store(scores + i, weight);
    total = Vec::add(total, weight);
  }
  const float factor = now == *largest ? 1.0F : std::exp(*largest - now);
  *sum = *sum * factor + Vec::sum(total);
  *largest = now;
  return factor;
}

INFERBENCH_TARGET void scale_row(float* row, std::int64_t n, float factor) {
  for (std::int64_t i = 0; i < n; i += Vec::kLanes) {
    Vec::store(row + i, Vec::mul(Vec::load(row + i), Vec::set1(factor)));
  }
}

}  // namespace
}  // namespace inferbench
