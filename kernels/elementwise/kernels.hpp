#pragma once

#include "kernels/elementwise/problem.hpp"

namespace inferbench {

// One row of an operation. Inputs are fp32 or bf16, as the kernel was asked for.
struct RowCall {
  const void *x = nullptr, *y = nullptr;
  const float *weight = nullptr, *bias = nullptr;  // rope: cosine and sine
  float* out = nullptr;
  float* residual = nullptr;  // add_rmsnorm
  std::int64_t n = 0;
};

using RowKernel = void (*)(const RowCall&);

RowKernel row_kernel_avx2(RowOp op, bool bf16);
RowKernel row_kernel_avx512(RowOp op, bool bf16);

}  // namespace inferbench
