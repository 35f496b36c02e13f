#include "kernels/cpu/target.hpp"
#include "kernels/gemm/tiles.hpp"

#if INFERBENCH_X86
#include "kernels/cpu/vector_avx2.hpp"

namespace inferbench {
namespace {

// A permutation within four lanes takes the two lowest bits of its index and needs no mask.
struct Select {
  using Index = __m256i;
  INFERBENCH_AVX2 INFERBENCH_INLINE static Index load(const std::byte* at) {
    return _mm256_loadu_si256(reinterpret_cast<const __m256i*>(at));
  }
  template <int kValue>
  INFERBENCH_AVX2 INFERBENCH_INLINE static Index from(Index words) {
    return _mm256_srli_epi32(words, 2 * kValue);
  }
  INFERBENCH_AVX2 INFERBENCH_INLINE static __m256 four(const float* in) {
    return _mm256_broadcast_ps(reinterpret_cast<const __m128*>(in));
  }
  INFERBENCH_AVX2 INFERBENCH_INLINE static __m256 take(__m256 four, Index index) {
    return _mm256_permutevar_ps(four, index);
  }
};

constexpr int panels_of(int rows) {
  return rows == 1 ? 2 : 1;
}

}  // namespace
}  // namespace inferbench

#include "kernels/gemm/sparse_tiles.hpp"
#endif

namespace inferbench {

const TileSet& tiles_sparse24_avx2(bool bf16) {
#if INFERBENCH_X86
  return sparse_tiles<panels_of, 4>(bf16);
#else
  static_cast<void>(bf16);
  return no_tiles();
#endif
}

}  // namespace inferbench
