#include <utility>

#include "kernels/cpu/target.hpp"
#include "kernels/gemm/tiles.hpp"

namespace inferbench {

#if INFERBENCH_X86
namespace {

constexpr int kWidth = 16;  // two vectors of 32 bit sums
constexpr int kMostRows = 5;
constexpr std::size_t kAhead = 2048;

// Four k at a time: unsigned activations by signed weights, pairs summed in 16 bit. With
// activations of 7 bits those sums fit: 2 * 127 * 128 = 32,512 < 32,768.
template <int kRows, int kPanels>
INFERBENCH_AVX2 void tile(const TileCall& t) {
  constexpr int kVectors = 2 * kPanels;
  const __m256i ones = _mm256_set1_epi16(1);
  Ints8 sum[kRows][kVectors];
  INFERBENCH_UNROLL
  for (int r = 0; r < kRows; ++r) {
    INFERBENCH_UNROLL
    for (int v = 0; v < kVectors; ++v) {
      sum[r][v] = reinterpret_cast<Ints8>(
          _mm256_loadu_si256(reinterpret_cast<const __m256i*>(t.start + 8 * v)));
    }
  }
  const std::byte* in = t.in;
  const std::byte* weights = t.weights;
  for (std::int64_t k = 0; k < t.k; k += 4) {
    __m256i w[kVectors];
    INFERBENCH_UNROLL
    for (int v = 0; v < kVectors; ++v) {
      const std::byte* panel = weights + static_cast<std::size_t>(v / 2) * t.panel_bytes;
      w[v] = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(panel + 32 * (v % 2)));
      if (v % 2 == 0) _mm_prefetch(reinterpret_cast<const char*>(panel) + kAhead, _MM_HINT_T0);
    }
    INFERBENCH_UNROLL
    for (int r = 0; r < kRows; ++r) {
      const __m256i a = _mm256_set1_epi32(
          *reinterpret_cast<const int*>(in + static_cast<std::size_t>(r) * t.in_stride));
      INFERBENCH_UNROLL
      for (int v = 0; v < kVectors; ++v) {
        const __m256i pairs = _mm256_maddubs_epi16(a, w[v]);
        sum[r][v] += reinterpret_cast<Ints8>(_mm256_madd_epi16(pairs, ones));
      }
    }
    in += 4;
    weights += kWidth * 4;
  }
  INFERBENCH_UNROLL
  for (int r = 0; r < kRows; ++r) {
    INFERBENCH_UNROLL
    for (int v = 0; v < kVectors; ++v) {
      _mm256_storeu_ps(t.out + r * t.out_stride + 8 * v,
                       _mm256_cvtepi32_ps(reinterpret_cast<__m256i>(sum[r][v])));
    }
  }
}

constexpr int panels_of(int rows) {
  if (rows == 1) return 4;
  return rows <= 3 ? 2 : 1;
}

template <std::size_t... kIndex>
TileSet make_tiles(std::index_sequence<kIndex...>) {
  TileSet set{.width = kWidth, .unit = 4, .most_rows = kMostRows};
  set.activations = TileSet::Activations::u8;
  set.whole_k = true;
  ((set.panels[kIndex + 1] = panels_of(kIndex + 1)), ...);
  ((set.wide[kIndex + 1] = tile<kIndex + 1, panels_of(kIndex + 1)>), ...);
  ((set.one[kIndex + 1] = tile<kIndex + 1, 1>), ...);
  return set;
}

}  // namespace

const TileSet& tiles_int7_avx2() {
  static const TileSet set = make_tiles(std::make_index_sequence<kMostRows>());
  return set;
}

#else

const TileSet& tiles_int7_avx2() {
  return no_tiles();
}

#endif

}  // namespace inferbench
