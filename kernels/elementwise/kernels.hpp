#pragma once

#include <cstdint>

#include "kernels/elementwise/rows.hpp"

namespace inferbench {

// One row of an operation. Inputs are fp32 or bf16, as the kernel was asked for.
struct RowCall {
  const void *x = nullptr, *y = nullptr;
  const float *weight = nullptr, *bias = nullptr;  // rope: cosine and sine
  float* out = nullptr;                            // ops that give codes: a row to work in
  float* residual = nullptr;
  std::uint8_t* codes = nullptr;
  float* scale = nullptr;
  std::int64_t n = 0, head = 0;
  float epsilon = 0;
};

using RowKernel = void (*)(const RowCall&);

RowKernel row_kernel_portable(RowOp op, bool bf16);
RowKernel row_kernel_avx2(RowOp op, bool bf16);
RowKernel row_kernel_avx512(RowOp op, bool bf16);
RowKernel row_kernel(RowOp op, bool bf16, Isa isa);  // the widest up to `isa`

// Softmax whose first pass finds maximum and sum together, and which reads the row once less.
RowKernel online_softmax_portable(bool bf16);
RowKernel online_softmax_avx2(bool bf16);
RowKernel online_softmax_avx512(bool bf16);

void compute_rows(RowOp op, RowKernel kernel, const RowBuffers& buffers, ThreadTeam& team,
                  RowWorkspace& workspace);

}  // namespace inferbench
