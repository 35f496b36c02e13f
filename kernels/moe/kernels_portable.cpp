#define INFERBENCH_TARGET
#include "kernels/moe/body.hpp"

namespace inferbench {

const MoeKernels& moe_kernels_portable() {
  return kKernels;
}

const MoeKernels& moe_kernels(Isa isa) {
  if (isa >= Isa::avx512) return moe_kernels_avx512();
  return isa >= Isa::avx2 ? moe_kernels_avx2() : moe_kernels_portable();
}

}  // namespace inferbench
