#include "kernels/cpu/target.hpp"

#if INFERBENCH_X86
#include "kernels/cpu/vector_avx512.hpp"
//
#include "kernels/lora/body.hpp"

namespace inferbench {

const LoraKernels& lora_kernels_avx512() {
  return kKernels;
}

}  // namespace inferbench

#else

#include "kernels/lora/kernels.hpp"

namespace inferbench {

const LoraKernels& lora_kernels_avx512() {
  return lora_kernels_portable();
}

}  // namespace inferbench

#endif
