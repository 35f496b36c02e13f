#include "kernels/cpu/target.hpp"

#if INFERBENCH_X86
#include "kernels/cpu/vector_avx512.hpp"
// Their order matters: each uses what those before it define.
#include "kernels/cpu/vector_math.hpp"
//
#include "kernels/attention/body_pages.hpp"
#include "kernels/attention/body_tiles.hpp"

namespace inferbench {

const AttentionKernels& attention_kernels_avx512() {
  static const AttentionKernels kernels = {
      .pages = pick_pages,
      .widen = pick_widen,
      .narrow = pick_narrow,
      .transpose = transpose_page,
      .softmax = row_softmax,
      .scale = scale_row,
      .tiles = []() -> const TileSet& { return tiles_float_avx512(GemmFormat::Weights::fp32); }};
  return kernels;
}

}  // namespace inferbench

#else

#include "kernels/attention/kernels.hpp"

namespace inferbench {

const AttentionKernels& attention_kernels_avx512() {
  return attention_kernels_portable();
}

}  // namespace inferbench

#endif
