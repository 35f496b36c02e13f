#include "kernels/cpu/vector_portable.hpp"
// Their order matters: each uses what those before it define.
#include "kernels/cpu/vector_math.hpp"
//
#include "kernels/elementwise/body.hpp"

namespace inferbench {

RowKernel row_kernel_portable(RowOp op, bool bf16) {
  return bf16 ? pick<Bf16In>(op) : pick<F32In>(op);
}

RowKernel online_softmax_portable(bool bf16) {
  return bf16 ? online_softmax<Bf16In> : online_softmax<F32In>;
}

}  // namespace inferbench
