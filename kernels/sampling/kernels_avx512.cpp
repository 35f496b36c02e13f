#include "kernels/cpu/target.hpp"

#if INFERBENCH_X86
#define INFERBENCH_TARGET INFERBENCH_AVX512
#define INFERBENCH_VECTOR_BYTES 64
#include "kernels/sampling/body.hpp"

namespace inferbench {

SamplingKernels::Kernel SamplingKernels::avx512() {
  return sample_row;
}

}  // namespace inferbench

#else

#include "kernels/sampling/kernels.hpp"

namespace inferbench {

SamplingKernels::Kernel SamplingKernels::avx512() {
  return nullptr;
}

}  // namespace inferbench

#endif
