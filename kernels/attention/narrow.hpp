#pragma once

#include <bit>
#include <cstdint>

#include "kernels/cpu/target.hpp"

namespace inferbench {

// kernels/cpu/convert.hpp without branches, so that compilers make vectors of loops over it: the
// same codes for every float, beyond the largest finite value that value.

INFERBENCH_INLINE std::uint16_t narrow_bf16(float x) {
  const auto bits = std::bit_cast<std::uint32_t>(x);
  const std::uint32_t rounded = (bits + 0x7FFFU + ((bits >> 16U) & 1U)) >> 16U;
  const bool nan = (bits & 0x7FFFFFFFU) > 0x7F800000U;
  return static_cast<std::uint16_t>(nan ? (bits >> 16U) | 0x40U : rounded);
}

// A float of kExponent and kMantissa bits below a sign, up to the code kLargest.
template <int kExponent, int kMantissa, std::uint32_t kLargest, std::uint32_t kNan>
INFERBENCH_INLINE std::uint32_t narrow_float(float x) {
  constexpr int kBias = (1 << (kExponent - 1)) - 1;
  constexpr std::uint32_t kDropped = 23 - kMantissa;
  const auto bits = std::bit_cast<std::uint32_t>(x);
  const std::uint32_t magnitude = bits & 0x7FFFFFFFU;
  const std::uint32_t half = (1U << (kDropped - 1)) - 1 + ((magnitude >> kDropped) & 1U);
  const std::uint32_t normal =
      ((magnitude + half) >> kDropped) - (static_cast<std::uint32_t>(127 - kBias) << kMantissa);
  // Denormals: beside this number, one unit in the last place is the smallest of them.
  constexpr auto kBeside = static_cast<std::uint32_t>(127 + 24 - kBias - kMantissa) << 23U;
  const float sum = std::bit_cast<float>(magnitude) + std::bit_cast<float>(kBeside);
  const std::uint32_t denormal = std::bit_cast<std::uint32_t>(sum) - kBeside;
  constexpr auto kLeastNormal = static_cast<std::uint32_t>(127 + 1 - kBias) << 23U;
  // Signed comparisons: vectors have no other ones before AVX-512.
  const auto size = static_cast<std::int32_t>(magnitude);
  const auto code =
      static_cast<std::int32_t>(size < static_cast<std::int32_t>(kLeastNormal) ? denormal : normal);
  const std::int32_t bounded =
      code < static_cast<std::int32_t>(kLargest) ? code : static_cast<std::int32_t>(kLargest);
  const std::int32_t any = size > 0x7F800000 ? static_cast<std::int32_t>(kNan) : bounded;
  return static_cast<std::uint32_t>(any) | (bits >> 31U) << (kExponent + kMantissa);
}

}  // namespace inferbench
