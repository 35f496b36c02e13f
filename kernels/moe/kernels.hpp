#pragma once

#include <cstdint>

#include "kernels/cpu/features.hpp"
#include "kernels/moe/router.hpp"

namespace inferbench {

// Loops over one row, compiled for each instruction set; the same bits from each.
struct MoeKernels {
  void (*route)(const ExpertRouter&, const float* logits, const float* bias, std::int32_t* experts,
                float* weights);
  void (*add_scaled)(float* out, const float* row, float weight, std::int64_t n);
  void (*swiglu)(const float* gate_up, std::int64_t inter, float* out);
  // x / 2 * (1 + tanh(sqrt(2 / pi) * (x + 0.044715 x^3))): Hendrycks and Gimpel, arXiv 1606.08415.
  void (*gelu)(const float* x, std::int64_t n, float* out);
};

const MoeKernels& moe_kernels_portable();
const MoeKernels& moe_kernels_avx2();
const MoeKernels& moe_kernels_avx512();

// The widest up to `isa`.
const MoeKernels& moe_kernels(Isa isa);

}  // namespace inferbench
