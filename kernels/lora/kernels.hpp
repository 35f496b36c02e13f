#pragma once

#include <cstdint>

#include "kernels/cpu/features.hpp"

namespace inferbench {

inline constexpr int kLoraRows = 4;  // of the batch, side by side

struct LoraKernels {
  // dots[r] = sum over k of a[k] * in[r][k], for r < rows <= kLoraRows.
  void (*dots)(const std::uint16_t* a, const float* const* in, int rows, std::int64_t k,
               float* dots);
  // out[r][i] += factor[r][j] * b[j][i] for j < rank, r < rows.
  void (*expand)(const std::uint16_t* b, std::int64_t rank, std::int64_t stride,
                 const float* const* factor, float* const* out, int rows, std::int64_t n);
};

const LoraKernels& lora_kernels_portable();
const LoraKernels& lora_kernels_avx2();
const LoraKernels& lora_kernels_avx512();
const LoraKernels& lora_kernels(Isa isa);  // the widest up to `isa`

}  // namespace inferbench
