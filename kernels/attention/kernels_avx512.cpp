#include "kernels/cpu/target.hpp"

#if INFERBENCH_X86
#include "kernels/cpu/vector_avx512.hpp"
// Their order matters: each uses what those before it define.
#include "kernels/cpu/vector_math.hpp"
//
#include "kernels/attention/body.hpp"

namespace inferbench {

DecodeKernel decode_kernel_avx512(KvType type) {
  return pick_decode(type);
}

const PrefillKernels& prefill_kernels_avx512() {
  static const PrefillKernels kernels = {
      .widen = widen, .softmax = row_softmax, .scale = scale_row, .tiles = []() -> const TileSet& {
        return tiles_float_avx512(GemmFormat::Weights::fp32);
      }};
  return kernels;
}

}  // namespace inferbench

#else

#include "kernels/attention/kernels.hpp"

namespace inferbench {

DecodeKernel decode_kernel_avx512(KvType) {
  return nullptr;
}

const PrefillKernels& prefill_kernels_avx512() {
  static const PrefillKernels none;
  return none;
}

}  // namespace inferbench

#endif
