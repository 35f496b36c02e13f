#include "kernels/cpu/target.hpp"

#if INFERBENCH_X86
#include "kernels/cpu/vector_avx512.hpp"
// Their order matters: each uses what those before it define.
#include "kernels/cpu/vector_math.hpp"
//
#include "kernels/elementwise/body.hpp"

namespace inferbench {

RowKernel row_kernel_avx512(RowOp op, bool bf16) {
  return bf16 ? pick<Bf16In>(op) : pick<F32In>(op);
}

RowKernel online_softmax_avx512(bool bf16) {
  return bf16 ? online_softmax<Bf16In> : online_softmax<F32In>;
}

}  // namespace inferbench

#else

#include "kernels/elementwise/kernels.hpp"

namespace inferbench {

RowKernel row_kernel_avx512(RowOp, bool) {
  return nullptr;
}

RowKernel online_softmax_avx512(bool) {
  return nullptr;
}

}  // namespace inferbench

#endif
