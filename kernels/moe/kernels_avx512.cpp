#include "kernels/cpu/target.hpp"

#if INFERBENCH_X86
#define INFERBENCH_TARGET INFERBENCH_AVX512
#include "kernels/moe/body.hpp"

namespace inferbench {

const MoeKernels& moe_kernels_avx512() {
  return kKernels;
}

}  // namespace inferbench

#else

#include "kernels/moe/kernels.hpp"

namespace inferbench {

const MoeKernels& moe_kernels_avx512() {
  return moe_kernels_portable();
}

}  // namespace inferbench

#endif
