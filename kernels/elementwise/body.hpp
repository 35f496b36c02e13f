#pragma once

// Row kernels for the Vec of the file that includes this. Any length: what is left of a row goes
// through a vector of its own.

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstring>
#include <limits>
#include <type_traits>

#include "kernels/elementwise/kernels.hpp"

namespace inferbench {
namespace {

struct F32In {
  using T = float;
  INFERBENCH_TARGET INFERBENCH_INLINE static Vec::F load(const T* p) { return Vec::load(p); }
};
struct Bf16In {
  using T = std::uint16_t;
  INFERBENCH_TARGET INFERBENCH_INLINE static Vec::F load(const T* p) { return Vec::load_bf16(p); }
};

// Elements [i, i + lanes) of a row of n; beyond the row: `fill`, in the input's type.
template <class In>
INFERBENCH_TARGET INFERBENCH_INLINE Vec::F get(const void* row, std::int64_t i, std::int64_t n,
                                               typename In::T fill = {}) {
  const auto* p = static_cast<const typename In::T*>(row) + i;
  if (i + Vec::kLanes <= n) return In::load(p);
  typename In::T part[Vec::kLanes];
  std::fill_n(part, Vec::kLanes, fill);
  std::copy_n(p, n - i, part);
  return In::load(part);
}

INFERBENCH_TARGET INFERBENCH_INLINE void put(float* row, std::int64_t i, std::int64_t n, Vec::F x) {
  if (i + Vec::kLanes <= n) return Vec::store(row + i, x);
  float part[Vec::kLanes];
  Vec::store(part, x);
  std::copy_n(part, n - i, row + i);
}

// Lanes beyond the row are 0.
INFERBENCH_TARGET INFERBENCH_INLINE Vec::F inside(Vec::F x, std::int64_t i, std::int64_t n) {
  if (i + Vec::kLanes <= n) return x;
  float part[Vec::kLanes];
  Vec::store(part, x);
  std::fill(part + (n - i), part + Vec::kLanes, 0.0F);
  return Vec::load(part);
}

INFERBENCH_TARGET INFERBENCH_INLINE Vec::F magnitude(Vec::F x) {
  return Vec::max(x, Vec::sub(Vec::zero(), x));
}

// Returns the largest magnitude of the result if asked to.
template <class In, bool kAdd, bool kLargest>
INFERBENCH_TARGET float norm_row(const RowCall& c) {
  Vec::F squares = Vec::zero();
  for (std::int64_t i = 0; i < c.n; i += Vec::kLanes) {
    Vec::F x = get<In>(c.x, i, c.n);
    if constexpr (kAdd) {
      x = Vec::add(x, get<In>(c.y, i, c.n));
      put(c.residual, i, c.n, x);
    }
    squares = Vec::fma(x, x, squares);
  }
  const float mean = Vec::sum(squares) / static_cast<float>(c.n);
  const Vec::F factor = Vec::set1(1.0F / std::sqrt(mean + c.epsilon));
  Vec::F largest = Vec::zero();
  for (std::int64_t i = 0; i < c.n; i += Vec::kLanes) {
    const Vec::F x = kAdd ? get<F32In>(c.residual, i, c.n) : get<In>(c.x, i, c.n);
    const Vec::F y = Vec::mul(Vec::mul(x, factor), get<F32In>(c.weight, i, c.n));
    if constexpr (kLargest) largest = Vec::max(largest, magnitude(y));
    put(c.out, i, c.n, y);
  }
  return kLargest ? Vec::largest(largest) : 0.0F;
}

template <class In, bool kAdd>
INFERBENCH_TARGET void rmsnorm(const RowCall& c) {
  norm_row<In, kAdd, false>(c);
}

template <class In>
INFERBENCH_TARGET void layernorm(const RowCall& c) {
  Vec::F total = Vec::zero(), squares = Vec::zero();
  for (std::int64_t i = 0; i < c.n; i += Vec::kLanes) total = Vec::add(total, get<In>(c.x, i, c.n));
  const Vec::F mean = Vec::set1(Vec::sum(total) / static_cast<float>(c.n));
  for (std::int64_t i = 0; i < c.n; i += Vec::kLanes) {
    const Vec::F d = inside(Vec::sub(get<In>(c.x, i, c.n), mean), i, c.n);
    squares = Vec::fma(d, d, squares);
  }
  const float variance = Vec::sum(squares) / static_cast<float>(c.n);
  const Vec::F factor = Vec::set1(1.0F / std::sqrt(variance + c.epsilon));
  for (std::int64_t i = 0; i < c.n; i += Vec::kLanes) {
    const Vec::F x = Vec::mul(Vec::sub(get<In>(c.x, i, c.n), mean), factor);
    put(c.out, i, c.n, Vec::fma(x, get<F32In>(c.weight, i, c.n), get<F32In>(c.bias, i, c.n)));
  }
}

INFERBENCH_TARGET INFERBENCH_INLINE Vec::F silu_of(Vec::F x) {
  const Vec::F least = Vec::set1(-87.0F), one = Vec::set1(1.0F);
  const Vec::F e = exp(Vec::sub(Vec::zero(), Vec::max(x, least)));
  return Vec::keep_from(Vec::div(x, Vec::add(one, e)), x, least);
}

template <class In, bool kMul>
INFERBENCH_TARGET void silu(const RowCall& c) {
  for (std::int64_t i = 0; i < c.n; i += Vec::kLanes) {
    Vec::F x = silu_of(get<In>(c.x, i, c.n));
    if constexpr (kMul) x = Vec::mul(x, get<In>(c.y, i, c.n));
    put(c.out, i, c.n, x);
  }
}

template <class In, bool kMul>
INFERBENCH_TARGET void add_or_mul(const RowCall& c) {
  for (std::int64_t i = 0; i < c.n; i += Vec::kLanes) {
    const Vec::F x = get<In>(c.x, i, c.n), y = get<In>(c.y, i, c.n);
    put(c.out, i, c.n, kMul ? Vec::mul(x, y) : Vec::add(x, y));
  }
}

// n is a multiple of a head, and half of one a multiple of a vector.
template <class In>
INFERBENCH_TARGET void rope(const RowCall& c) {
  const std::int64_t half = c.head / 2;
  for (std::int64_t head = 0; head < c.n; head += c.head) {
    for (std::int64_t i = 0; i < half; i += Vec::kLanes) {
      const Vec::F low = get<In>(c.x, head + i, c.n), high = get<In>(c.x, head + half + i, c.n);
      const Vec::F cosine = Vec::load(c.weight + i), sine = Vec::load(c.bias + i);
      Vec::store(c.out + head + i, Vec::sub(Vec::mul(low, cosine), Vec::mul(high, sine)));
      Vec::store(c.out + head + half + i, Vec::fma(high, cosine, Vec::mul(low, sine)));
    }
  }
}

// Minus infinity, as a row's padding.
template <class In>
constexpr typename In::T lowest() {
  if constexpr (std::is_same_v<typename In::T, float>) {
    return -HUGE_VALF;
  } else {
    return 0xFF80;
  }
}

template <class In>
INFERBENCH_TARGET void softmax(const RowCall& c) {
  Vec::F most = Vec::set1(-HUGE_VALF), total = Vec::zero();
  for (std::int64_t i = 0; i < c.n; i += Vec::kLanes) {
    most = Vec::max(most, get<In>(c.x, i, c.n, lowest<In>()));
  }
  const Vec::F largest = Vec::set1(Vec::largest(most));
  for (std::int64_t i = 0; i < c.n; i += Vec::kLanes) {
    const Vec::F e = exp(Vec::sub(get<In>(c.x, i, c.n, lowest<In>()), largest));
    total = Vec::add(total, e);
    put(c.out, i, c.n, e);
  }
  const Vec::F factor = Vec::set1(1.0F / Vec::sum(total));
  for (std::int64_t i = 0; i < c.n; i += Vec::kLanes) {
    put(c.out, i, c.n, Vec::mul(get<F32In>(c.out, i, c.n), factor));
  }
}

// Maximum and sum in one pass: when a block raises the maximum, the sum so far shrinks to it.
//
// Source: Milakov and Gimelshein, "Online normalizer calculation for softmax", arXiv 1805.02867.
template <class In>
INFERBENCH_TARGET void online_softmax(const RowCall& c) {
  constexpr std::int64_t kBlock = 512;
  float largest = -HUGE_VALF;
  Vec::F total = Vec::zero();
  for (std::int64_t from = 0; from < c.n; from += kBlock) {
    const std::int64_t end = std::min(c.n, from + kBlock);
    Vec::F most = Vec::set1(-HUGE_VALF);
    for (std::int64_t i = from; i < end; i += Vec::kLanes) {
      most = Vec::max(most, get<In>(c.x, i, end, lowest<In>()));
    }
    if (const float higher = Vec::largest(most); higher > largest) {
      total = Vec::mul(total, exp(Vec::set1(largest - higher)));
      largest = higher;
    }
    const Vec::F shift = Vec::set1(largest);
    for (std::int64_t i = from; i < end; i += Vec::kLanes) {
      total = Vec::add(total, exp(Vec::sub(get<In>(c.x, i, end, lowest<In>()), shift)));
    }
  }
  const Vec::F shift = Vec::set1(largest), factor = Vec::set1(1.0F / Vec::sum(total));
  for (std::int64_t i = 0; i < c.n; i += Vec::kLanes) {
    put(c.out, i, c.n, Vec::mul(exp(Vec::sub(get<In>(c.x, i, c.n), shift)), factor));
  }
}

// Adding 1.5 * 2^23 rounds to nearest even and leaves the integer in the low bits; |x| <= 127.
INFERBENCH_INLINE std::uint8_t int8_code(float x) {
  return static_cast<std::uint8_t>(std::bit_cast<std::uint32_t>(x + 12582912.0F));
}

// |x| <= 448, give or take a rounding. Normal codes are fp32's exponent and three digits, rounded
// to even by what is added below them; for denormal ones, the digits below 2^14 are 2^-9 each.
INFERBENCH_INLINE std::uint8_t e4m3_code(float x) {
  constexpr std::uint32_t kLeastNormal = 0x3C800000U;  // 2^-6
  constexpr std::uint32_t kBias = (127U - 7U) << 3U;
  const auto bits = std::bit_cast<std::uint32_t>(x);
  const std::uint32_t magnitude = bits & 0x7FFFFFFFU;
  const std::uint32_t normal = ((magnitude + 0x7FFFFU + ((magnitude >> 20U) & 1U)) >> 20U) - kBias;
  const std::uint32_t denormal =
      std::bit_cast<std::uint32_t>(std::bit_cast<float>(magnitude) + 16384.0F) - 0x46800000U;
  const std::uint32_t code = magnitude < kLeastNormal ? denormal : normal;
  return static_cast<std::uint8_t>(((bits >> 24U) & 0x80U) | code);
}

template <bool kFp8>
INFERBENCH_TARGET void quantise_row(const float* __restrict x, float largest, const RowCall& c) {
  constexpr float kTop = kFp8 ? 448.0F : 127.0F;
  const bool zero = largest < std::numeric_limits<float>::min();
  const float factor = zero ? 0.0F : std::min(kTop / largest, std::numeric_limits<float>::max());
  *c.scale = zero ? 0.0F : largest / kTop;
  std::uint8_t* __restrict codes = c.codes;
  const std::int64_t n = c.n;  // bytes may alias anything, c too
  for (std::int64_t i = 0; i < n; ++i) {
    codes[i] = kFp8 ? e4m3_code(x[i] * factor) : int8_code(x[i] * factor);
  }
}

template <class In, bool kFp8>
INFERBENCH_TARGET void quantise(const RowCall& c) {
  constexpr bool kWiden = !std::is_same_v<In, F32In>;
  Vec::F largest = Vec::zero();
  for (std::int64_t i = 0; i < c.n; i += Vec::kLanes) {
    const Vec::F x = get<In>(c.x, i, c.n);
    largest = Vec::max(largest, magnitude(x));
    if constexpr (kWiden) put(c.out, i, c.n, x);
  }
  quantise_row<kFp8>(kWiden ? c.out : static_cast<const float*>(c.x), Vec::largest(largest), c);
}

template <class In, bool kAdd, bool kFp8>
INFERBENCH_TARGET void rmsnorm_quantise(const RowCall& c) {
  const float largest = norm_row<In, kAdd, true>(c);
  quantise_row<kFp8>(c.out, largest, c);
}

// The largest value block by block; only the block that has it first is searched for its place.
template <class In>
INFERBENCH_TARGET void argmax(const RowCall& c) {
  constexpr std::int64_t kBlock = 1024;
  float best = -HUGE_VALF;
  std::int64_t block = 0;
  for (std::int64_t from = 0; from < c.n; from += kBlock) {
    const std::int64_t end = std::min(c.n, from + kBlock);
    Vec::F most = Vec::set1(-HUGE_VALF);
    for (std::int64_t i = from; i < end; i += Vec::kLanes) {
      most = Vec::max(most, get<In>(c.x, i, end, lowest<In>()));
    }
    const float largest = Vec::largest(most);
    if (largest > best) best = largest, block = from;
  }
  std::int64_t at = block;
  for (bool found = false; !found; at += found ? 0 : Vec::kLanes) {
    float lanes[Vec::kLanes];
    Vec::store(lanes, get<In>(c.x, at, c.n, lowest<In>()));
    float* const end = lanes + Vec::kLanes;
    float* const place = std::find(lanes, end, best);
    found = place != end;
    if (found) at += place - lanes;
    if (!found && at + Vec::kLanes >= c.n) break;
  }
  c.out[0] = static_cast<float>(at);
}

template <class In>
RowKernel pick(RowOp op) {
  switch (op) {
    case RowOp::rmsnorm:
      return rmsnorm<In, false>;
    case RowOp::add_rmsnorm:
      return rmsnorm<In, true>;
    case RowOp::layernorm:
      return layernorm<In>;
    case RowOp::silu_mul:
      return silu<In, true>;
    case RowOp::rope:
      return rope<In>;
    case RowOp::softmax:
      return softmax<In>;
    case RowOp::argmax:
      return argmax<In>;
    case RowOp::add:
      return add_or_mul<In, false>;
    case RowOp::silu:
      return silu<In, false>;
    case RowOp::mul:
      return add_or_mul<In, true>;
    case RowOp::quant_int8:
      return quantise<In, false>;
    case RowOp::quant_fp8:
      return quantise<In, true>;
    case RowOp::rmsnorm_quant_int8:
      return rmsnorm_quantise<In, false, false>;
    case RowOp::rmsnorm_quant_fp8:
      return rmsnorm_quantise<In, false, true>;
    case RowOp::add_rmsnorm_quant_int8:
      return rmsnorm_quantise<In, true, false>;
    case RowOp::add_rmsnorm_quant_fp8:
      return rmsnorm_quantise<In, true, true>;
  }
  return nullptr;
}

}  // namespace
}  // namespace inferbench
