#pragma once

#include <bit>
#include <cstdint>

#include "kernels/cpu/target.hpp"

namespace inferbench {

// exp(x) in fp32 with the same bits on every instruction set: products and sums rounded one by one,
// none fused. For what is decided by it, such as which token is sampled or which expert is picked.
// x is taken as -87 below and as 88 above; within 3 units in the last place. A loop around it is
// vectorised.
//
// Source: Cephes expf (Moshier): reduction by ln 2 in two parts, a polynomial of degree 5.
INFERBENCH_INLINE float exact_exp(float x) {
  constexpr float kShift = 12582912.0F;  // 1.5 * 2^23: adding it rounds to an integer
  x = x < -87.0F ? -87.0F : x;
  x = x > 88.0F ? 88.0F : x;
  const float shifted = x * 1.44269504088896341F + kShift;
  const float n = shifted - kShift;
  const float r = (x - n * 0.693359375F) + n * 2.12194440e-4F;
  float y = 1.9875691500e-4F;
  y = y * r + 1.3981999507e-3F;
  y = y * r + 8.3334519073e-3F;
  y = y * r + 4.1665795894e-2F;
  y = y * r + 1.6666665459e-1F;
  y = y * r + 5.0000001201e-1F;
  y = (y * (r * r) + r) + 1.0F;
  const std::int32_t power =
      std::bit_cast<std::int32_t>(shifted) - std::bit_cast<std::int32_t>(kShift);
  return y * std::bit_cast<float>((power + 127) << 23);
}

}  // namespace inferbench
