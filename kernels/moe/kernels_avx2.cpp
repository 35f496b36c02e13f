#include "kernels/cpu/target.hpp"

#if INFERBENCH_X86
#define INFERBENCH_TARGET INFERBENCH_AVX2
#include "kernels/moe/body.hpp"

namespace inferbench {

const MoeKernels& moe_kernels_avx2() {
  return kKernels;
}

}  // namespace inferbench

#else

#include "kernels/moe/kernels.hpp"

namespace inferbench {

const MoeKernels& moe_kernels_avx2() {
  return moe_kernels_portable();
}

}  // namespace inferbench

#endif
