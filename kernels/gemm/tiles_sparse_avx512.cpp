#include "kernels/cpu/target.hpp"
#include "kernels/gemm/tiles.hpp"

#if INFERBENCH_X86
#include "kernels/cpu/vector_avx512.hpp"

namespace inferbench {
namespace {

// A permutation within four lanes takes the two lowest bits of its index and needs no mask.
struct Select {
  using Index = __m512i;
  INFERBENCH_AVX512 INFERBENCH_INLINE static Index load(const std::byte* at) {
    return _mm512_loadu_si512(at);
  }
  template <int kValue>
  INFERBENCH_AVX512 INFERBENCH_INLINE static Index from(Index words) {
    return _mm512_srli_epi32(words, 2 * kValue);
  }
  INFERBENCH_AVX512 INFERBENCH_INLINE static __m512 four(const float* in) {
    return _mm512_broadcast_f32x4(_mm_loadu_ps(in));
  }
  INFERBENCH_AVX512 INFERBENCH_INLINE static __m512 take(__m512 four, Index index) {
    return _mm512_permutevar_ps(four, index);
  }
};

constexpr int panels_of(int rows) {
  return rows <= 4 ? 2 : 1;
}

}  // namespace
}  // namespace inferbench

#include "kernels/gemm/sparse_tiles.hpp"
#endif

namespace inferbench {

const TileSet& tiles_sparse24_avx512(bool bf16) {
#if INFERBENCH_X86
  return sparse_tiles<panels_of, 12>(bf16);
#else
  static_cast<void>(bf16);
  return no_tiles();
#endif
}

}  // namespace inferbench
