#include "kernels/cpu/vector_portable.hpp"
//
#include "kernels/lora/body.hpp"

namespace inferbench {

const LoraKernels& lora_kernels_portable() {
  return kKernels;
}

const LoraKernels& lora_kernels(Isa isa) {
  if (isa >= Isa::avx512) return lora_kernels_avx512();
  return isa >= Isa::avx2 ? lora_kernels_avx2() : lora_kernels_portable();
}

}  // namespace inferbench
