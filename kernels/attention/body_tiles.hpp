#pragma once

// What tiles of queries need besides the GEMM's, and what writes a cache, for the Vec of the file
// that includes this.

#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>

#include "kernels/attention/body_load.hpp"
#include "kernels/attention/narrow.hpp"

namespace inferbench {
namespace {

template <KvType kType>
INFERBENCH_TARGET void widen_page(const std::byte* from, const float* scale, TokenRange tokens,
                                  std::int64_t dim, float* to) {
  std::fill_n(to, tokens.first * dim, 0.0F);
  std::fill(to + tokens.last * dim, to + kKvBlock * dim, 0.0F);
  for (std::int64_t t = tokens.first; t < tokens.last; ++t) {
    const Vec::F factor = Vec::set1(kType == KvType::int8 ? scale[t] : kLoadFactor<kType>);
    for (std::int64_t d = t * dim; d < (t + 1) * dim; d += Vec::kLanes) {
      const Vec::F x = load_kv<kType>(from + static_cast<std::size_t>(d) * bytes_of<kType>());
      const bool as_is = kType != KvType::int8 && kLoadFactor<kType> == 1.0F;
      Vec::store(to + d, as_is ? x : Vec::mul(x, factor));
    }
  }
}

WidenPage pick_widen(KvType type) {
  INFERBENCH_PICK_KV(widen_page, type);
}

template <int kDistance>
INFERBENCH_TARGET INFERBENCH_INLINE void exchange(Vec::F* x) {
  INFERBENCH_UNROLL
  for (int i = 0; i < Vec::kLanes; ++i) {
    if ((i & kDistance) != 0) continue;
    const Vec::F a = x[i], b = x[i | kDistance];
    x[i] = Vec::merge_swapped<kDistance, true>(a, b);
    x[i | kDistance] = Vec::merge_swapped<kDistance, false>(b, a);
  }
}

// Eklundh's transposition: square blocks change sides, half as large each time.
INFERBENCH_TARGET void transpose_page(const float* rows, std::int64_t dim, float* to,
                                      std::int64_t stride) {
  for (std::int64_t t = 0; t < kKvBlock; t += Vec::kLanes) {
    for (std::int64_t d = 0; d < dim; d += Vec::kLanes) {
      Vec::F x[Vec::kLanes];
      INFERBENCH_UNROLL
      for (int i = 0; i < Vec::kLanes; ++i) x[i] = Vec::load(rows + (t + i) * dim + d);
      if constexpr (Vec::kLanes > 8) exchange<8>(x);
      if constexpr (Vec::kLanes > 4) exchange<4>(x);
      exchange<2>(x);
      exchange<1>(x);
      INFERBENCH_UNROLL
      for (int i = 0; i < Vec::kLanes; ++i) Vec::store(to + (d + i) * stride + t, x[i]);
    }
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

// As quantise_row_int8: the largest magnitude becomes 127.
INFERBENCH_TARGET void narrow_int8(const float* from, std::int64_t dim, std::int8_t* to,
                                   float* scale) {
  Vec::F most = Vec::zero();
  for (std::int64_t d = 0; d < dim; d += Vec::kLanes) {
    const Vec::F x = Vec::load(from + d);
    most = Vec::max(most, Vec::max(x, Vec::sub(Vec::zero(), x)));
  }
  const float largest = Vec::largest(most);
  if (largest < std::numeric_limits<float>::min()) {
    std::fill_n(to, dim, std::int8_t{0});
    *scale = 0;
    return;
  }
  const float to_integer = std::min(127.0F / largest, std::numeric_limits<float>::max());
  for (std::int64_t d = 0; d < dim; d += Vec::kLanes) {
    float whole[Vec::kLanes];
    Vec::store(whole, Vec::round(Vec::mul(Vec::load(from + d), Vec::set1(to_integer))));
    for (int i = 0; i < Vec::kLanes; ++i) {
      to[d + i] = static_cast<std::int8_t>(static_cast<std::int32_t>(whole[i]));
    }
  }
  *scale = largest / 127.0F;
}

// One vector of a token into the cache. Plain loops: the compiler makes vectors of them.
template <KvType kType>
INFERBENCH_TARGET void narrow_row(const float* from, std::int64_t dim, std::byte* to,
                                  float* scale) {
  if constexpr (kType == KvType::fp32) {
    std::memcpy(to, from, static_cast<std::size_t>(dim) * sizeof(float));
  } else if constexpr (kType == KvType::bf16) {
    auto* out = reinterpret_cast<std::uint16_t*>(to);
    for (std::int64_t d = 0; d < dim; ++d) out[d] = narrow_bf16(from[d]);
  } else if constexpr (kType == KvType::fp16) {
    auto* out = reinterpret_cast<std::uint16_t*>(to);
    for (std::int64_t d = 0; d < dim; ++d) {
      out[d] = static_cast<std::uint16_t>(narrow_float<5, 10, 0x7BFF, 0x7E00>(from[d]));
    }
  } else if constexpr (kType == KvType::int8) {
    narrow_int8(from, dim, reinterpret_cast<std::int8_t*>(to), scale);
  } else {
    auto* out = reinterpret_cast<std::uint8_t*>(to);
    for (std::int64_t d = 0; d < dim; ++d) {
      out[d] = static_cast<std::uint8_t>(kType == KvType::e4m3
                                             ? narrow_float<4, 3, 0x7E, 0x7F>(from[d])
                                             : narrow_float<5, 2, 0x7B, 0x7E>(from[d]));
    }
  }
}

NarrowRow pick_narrow(KvType type) {
  INFERBENCH_PICK_KV(narrow_row, type);
}

}  // namespace
}  // namespace inferbench
