#pragma once

#include <cstdint>

#include "kernels/cpu/convert.hpp"
#include "kernels/cpu/target.hpp"

namespace inferbench {

// Elements one at a time: what every instruction set does with the last few, and all that a CPU
// without vectors has.
struct Fp32Element {
  using Element = float;
  static float widen(float x) { return x; }
  static float narrow(float x) { return x; }
  static float divide_one(float x, float divisor) { return divisor == 1 ? x : x / divisor; }
};

struct Bf16Element {
  using Element = std::uint16_t;
  static float widen(std::uint16_t x) { return bf16_to_float(x); }
  static std::uint16_t narrow(float x) { return float_to_bf16(x); }
  static float divide_one(float x, float divisor) { return divisor == 1 ? x : x / divisor; }
};

struct Fp16Element {
  using Element = std::uint16_t;
  static float widen(std::uint16_t x) { return fp16_to_float(x); }
  static std::uint16_t narrow(float x) { return float_to_fp16(x); }
  static float divide_one(float x, float divisor) { return divisor == 1 ? x : x / divisor; }
};

struct Int32Element {
  using Element = std::int32_t;
  static std::int32_t widen(std::int32_t x) { return x; }
  static std::int32_t narrow(std::int32_t x) { return x; }
  static std::int32_t divide_one(std::int32_t x, float divisor) {
    return divisor == 1 ? x : x / static_cast<std::int32_t>(divisor);
  }
};

}  // namespace inferbench
