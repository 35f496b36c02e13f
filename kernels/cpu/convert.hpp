#pragma once

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstdint>

namespace inferbench {

// Conversions between fp32 and narrow floats, one value at a time: exact when widening, rounded to
// nearest, ties to even, when narrowing; denormals and signed zeros are kept.
//
// Sources: IEEE 754-2019 (binary16); bf16 as the upper half of binary32; fp8: Micikevicius et al.,
// "FP8 Formats for Deep Learning", arXiv 2209.05433, and OCP 8-bit Floating Point
// Specification 1.0.

inline float bf16_to_float(std::uint16_t x) {
  return std::bit_cast<float>(static_cast<std::uint32_t>(x) << 16U);
}

// Overflow gives infinity; a NaN stays one.
inline std::uint16_t float_to_bf16(float x) {
  const auto bits = std::bit_cast<std::uint32_t>(x);
  if ((bits & 0x7FFFFFFFU) > 0x7F800000U) return static_cast<std::uint16_t>((bits >> 16U) | 0x40U);
  return static_cast<std::uint16_t>((bits + 0x7FFFU + ((bits >> 16U) & 1U)) >> 16U);
}

// A float of `kExponent` and `kMantissa` bits below a sign.
template <int kExponent, int kMantissa, unsigned kLargest, unsigned kInfinity, unsigned kNan>
struct NarrowFloat {
  static constexpr int kBias = (1 << (kExponent - 1)) - 1;
  static constexpr unsigned kSign = 1U << (kExponent + kMantissa);

  static float decode(unsigned code) {
    const unsigned magnitude = code & (kSign - 1);
    const float sign = (code & kSign) != 0 ? -1.0F : 1.0F;
    if (magnitude > kLargest) {
      const bool infinite = kInfinity != kNan && magnitude == kInfinity;
      return infinite ? sign * HUGE_VALF : std::bit_cast<float>(0x7FC00000U);
    }
    const unsigned exponent = magnitude >> kMantissa;
    const unsigned mantissa = magnitude & ((1U << kMantissa) - 1);
    const int power = static_cast<int>(exponent == 0 ? 1 : exponent) - kBias - kMantissa;
    const unsigned digits = exponent == 0 ? mantissa : mantissa | (1U << kMantissa);
    return sign * std::ldexp(static_cast<float>(digits), power);
  }

  // Beyond the largest finite value: `overflow`.
  static unsigned encode(float x, unsigned overflow) {
    const unsigned sign = std::signbit(x) ? kSign : 0;
    if (x != x) return sign | kNan;
    const double magnitude = std::abs(static_cast<double>(x));
    if (magnitude == 0) return sign;
    if (magnitude == HUGE_VAL) return sign | overflow;
    const int power = std::max(std::ilogb(magnitude), 1 - kBias);
    const auto digits =
        static_cast<unsigned>(std::nearbyint(std::ldexp(magnitude, kMantissa - power)));
    // The implicit bit adds one to the exponent; a carry out of the mantissa another.
    const long long code = (static_cast<long long>(power + kBias - 1) << kMantissa) + digits;
    return sign |
           (code > static_cast<long long>(kLargest) ? overflow : static_cast<unsigned>(code));
  }
};

using Fp16 = NarrowFloat<5, 10, 0x7BFF, 0x7C00, 0x7E00>;
using E4m3 = NarrowFloat<4, 3, 0x7E, 0x7F, 0x7F>;  // no infinity; largest 448
using E5m2 = NarrowFloat<5, 2, 0x7B, 0x7C, 0x7E>;  // largest 57,344

inline float fp16_to_float(std::uint16_t x) {
  return Fp16::decode(x);
}
inline std::uint16_t float_to_fp16(float x) {
  return static_cast<std::uint16_t>(Fp16::encode(x, 0x7C00));
}

// fp8 saturates, as inference engines do: beyond the largest value lies the largest value.
inline std::uint8_t float_to_e4m3(float x) {
  return static_cast<std::uint8_t>(E4m3::encode(x, 0x7E));
}
inline std::uint8_t float_to_e5m2(float x) {
  return static_cast<std::uint8_t>(E5m2::encode(x, 0x7B));
}
inline float e4m3_to_float(std::uint8_t x) {
  return E4m3::decode(x);
}
inline float e5m2_to_float(std::uint8_t x) {
  return E5m2::decode(x);
}

}  // namespace inferbench
