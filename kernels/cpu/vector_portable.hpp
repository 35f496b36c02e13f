#pragma once

#include <cmath>
#include <cstdint>
#include <cstring>

#include "kernels/cpu/convert.hpp"
#include "kernels/cpu/target.hpp"

// Included by files that compile one body for each instruction set: vectors of fp32 and what
// attention and elementwise kernels need of them, in the compiler's own vectors. Four lanes are one
// register of every 64 bit processor.
#define INFERBENCH_TARGET

namespace inferbench {
namespace {

struct Vec {
  using F [[gnu::vector_size(16)]] = float;
  using I [[gnu::vector_size(16)]] = std::int32_t;
  static constexpr int kLanes = 4;

  INFERBENCH_INLINE static F load(const float* p) {
    F x;
    std::memcpy(&x, p, sizeof(x));
    return x;
  }
  INFERBENCH_INLINE static void store(float* p, F x) { std::memcpy(p, &x, sizeof(x)); }
  INFERBENCH_INLINE static F zero() { return F{}; }
  INFERBENCH_INLINE static F set1(float x) { return F{x, x, x, x}; }
  INFERBENCH_INLINE static F add(F a, F b) { return a + b; }
  INFERBENCH_INLINE static F sub(F a, F b) { return a - b; }
  INFERBENCH_INLINE static F mul(F a, F b) { return a * b; }
  INFERBENCH_INLINE static F div(F a, F b) { return a / b; }
  INFERBENCH_INLINE static F max(F a, F b) { return a > b ? a : b; }
  INFERBENCH_INLINE static F fma(F a, F b, F c) { return a * b + c; }
  INFERBENCH_INLINE static float sum(F a) { return (a[0] + a[2]) + (a[1] + a[3]); }
  INFERBENCH_INLINE static float largest(F a) {
    const float low = a[0] > a[1] ? a[0] : a[1], high = a[2] > a[3] ? a[2] : a[3];
    return low > high ? low : high;
  }

  INFERBENCH_INLINE static F load_bf16(const std::uint16_t* p) { return bits(wide(p) << 16); }
  INFERBENCH_INLINE static F load_fp16(const std::uint16_t* p) { return from_fp16(wide(p)); }
  INFERBENCH_INLINE static F load_int8(const std::uint8_t* p) {
    // Sign-extended: to the top of 32 bits and down again.
    return __builtin_convertvector((wide(p) << 24) >> 24, F);
  }
  INFERBENCH_INLINE static F load_e5m2(const std::uint8_t* p) { return from_fp16(wide(p) << 8); }
  // 2^-8 of its value; see Vec of AVX2.
  INFERBENCH_INLINE static F load_e4m3_raw(const std::uint8_t* p) {
    const I x = wide(p);
    return bits((x & 0x80) << 24 | (x & 0x7F) << 20) * set1(0x1p112F);
  }

  INFERBENCH_INLINE static F round(F x) {
    // Adding and taking away 1.5 * 2^23 leaves an integer; |x| < 2^22.
    const F shift = set1(12582912.0F);
    return (x + shift) - shift;
  }
  // n in [-126, 127].
  INFERBENCH_INLINE static F scale_by_power(F x, F n) {
    const I whole = {static_cast<std::int32_t>(n[0]), static_cast<std::int32_t>(n[1]),
                     static_cast<std::int32_t>(n[2]), static_cast<std::int32_t>(n[3])};
    return x * bits((whole + 127) << 23);
  }
  INFERBENCH_INLINE static F keep_from(F x, F at, F least) {
    return bits(integer(x) & (at >= least));
  }

  // Lane i from lane i ^ kDistance.
  template <int kDistance>
  INFERBENCH_INLINE static F swap(F x) {
    if constexpr (kDistance == 2) {
      return F{x[2], x[3], x[0], x[1]};
    } else {
      return F{x[1], x[0], x[3], x[2]};
    }
  }
  // See Vec of AVX2.
  template <int kDistance, bool kHigh>
  INFERBENCH_INLINE static F merge_swapped(F a, F b) {
    if constexpr (kDistance == 2) {
      return kHigh ? F{a[0], a[1], b[0], b[1]} : F{b[2], b[3], a[2], a[3]};
    } else {
      return kHigh ? F{a[0], b[0], a[2], b[2]} : F{b[1], a[1], b[3], a[3]};
    }
  }
  // kPeriod floats, again and again.
  template <int kPeriod>
  INFERBENCH_INLINE static F repeat(const float* p) {
    if constexpr (kPeriod == 4) {
      return load(p);
    } else if constexpr (kPeriod == 2) {
      return F{p[0], p[1], p[0], p[1]};
    } else {
      return set1(p[0]);
    }
  }
  // The sums of kCount vectors, side by side.
  template <int kCount>
  INFERBENCH_INLINE static void store_sums(float* to, const F* x) {
    for (int i = 0; i < kCount; ++i) to[i] = sum(x[i]);
  }

 private:
  INFERBENCH_INLINE static I wide(const std::uint16_t* p) {
    using Half [[gnu::vector_size(8)]] = std::uint16_t;
    Half x;
    std::memcpy(&x, p, sizeof(x));
    return __builtin_convertvector(x, I);
  }
  INFERBENCH_INLINE static I wide(const std::uint8_t* p) { return I{p[0], p[1], p[2], p[3]}; }
  // The magnitude's bits in fp32's place are 2^-112 of its value, denormals included; infinities
  // and NaN keep their exponent.
  INFERBENCH_INLINE static F from_fp16(I x) {
    const I magnitude = (x & 0x7FFF) << 13, sign = (x & 0x8000) << 16;
    const F scaled = bits(magnitude) * set1(0x1p112F);
    const I special = magnitude >= (0x7C00 << 13);
    return bits((special & (magnitude | 0x7F800000)) | (~special & integer(scaled)) | sign);
  }
  INFERBENCH_INLINE static F bits(I x) {
    F y;
    std::memcpy(&y, &x, sizeof(y));
    return y;
  }
  INFERBENCH_INLINE static I integer(F x) {
    I y;
    std::memcpy(&y, &x, sizeof(y));
    return y;
  }
};

}  // namespace
}  // namespace inferbench
