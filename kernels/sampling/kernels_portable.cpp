#define INFERBENCH_TARGET
#define INFERBENCH_VECTOR_BYTES 16
#include "kernels/sampling/body.hpp"

namespace inferbench {

SamplingKernels::Kernel SamplingKernels::portable() {
  return sample_row;
}

}  // namespace inferbench
