#include <utility>

#include "kernels/cpu/target.hpp"
#include "kernels/gemm/tiles.hpp"

#if INFERBENCH_X86
#include "kernels/cpu/vector_avx2.hpp"
// After the vectors that it is about.
#include "kernels/gemm/tile_body.hpp"
#endif

namespace inferbench {

#if INFERBENCH_X86
namespace {

constexpr std::size_t kStep = kWidth * 4;  // bytes of 8 k of a panel

INFERBENCH_AVX2 INFERBENCH_INLINE __m256 zero_of(const TileCall& t, std::size_t g, int v) {
  const std::int8_t* at = t.zeros + static_cast<std::size_t>(v / 2) * t.group_panel + g * kWidth +
                          static_cast<std::size_t>(8 * (v % 2));
  return _mm256_cvtepi32_ps(
      _mm256_cvtepi8_epi32(_mm_loadl_epi64(reinterpret_cast<const __m128i*>(at))));
}

template <int kRows, int kVectors, int kNibble>
INFERBENCH_AVX2 INFERBENCH_INLINE void multiply(__m256 (&sum)[kRows][kVectors],
                                                const __m256i (&words)[kVectors],
                                                const __m256 (&zero)[kVectors], const std::byte* in,
                                                std::size_t in_stride) {
  constexpr int kShift = kNibble < 4 ? 8 * kNibble : 8 * (kNibble - 4) + 4;
  const __m256i nibble = _mm256_set1_epi32(15);
  __m256 w[kVectors];
  INFERBENCH_UNROLL
  for (int v = 0; v < kVectors; ++v) {
    const __m256i q = _mm256_and_si256(_mm256_srli_epi32(words[v], kShift), nibble);
    w[v] = _mm256_sub_ps(_mm256_cvtepi32_ps(q), zero[v]);
  }
  INFERBENCH_UNROLL
  for (int r = 0; r < kRows; ++r) {
    const __m256 a = _mm256_broadcast_ss(reinterpret_cast<const float*>(
        in + static_cast<std::size_t>(r) * in_stride + kNibble * sizeof(float)));
    INFERBENCH_UNROLL
    for (int v = 0; v < kVectors; ++v) sum[r][v] = _mm256_fmadd_ps(a, w[v], sum[r][v]);
  }
}

// fp32 arithmetic.
template <int kRows, int kPanels>
INFERBENCH_AVX2 void tile(const TileCall& t) {
  constexpr int kVectors = 2 * kPanels;
  const std::byte* in = t.in;
  const std::byte* weights = t.weights;
  std::size_t g = 0;
  for (std::int64_t from = 0; from < t.k; from += t.group, ++g) {
    __m256 sum[kRows][kVectors];
    __m256 zero[kVectors];
    INFERBENCH_UNROLL
    for (int v = 0; v < kVectors; ++v) {
      zero[v] = zero_of(t, g, v);
      INFERBENCH_UNROLL
      for (int r = 0; r < kRows; ++r) sum[r][v] = _mm256_setzero_ps();
    }
    const std::int64_t size = t.k - from < t.group ? t.k - from : t.group;
    for (std::int64_t k = 0; k < size; k += 8) {
      __m256i words[kVectors];
      INFERBENCH_UNROLL
      for (int v = 0; v < kVectors; ++v) {
        const std::byte* panel = weights + static_cast<std::size_t>(v / 2) * t.panel_bytes;
        words[v] = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(panel + 32 * (v % 2)));
        if (v % 2 == 0) _mm_prefetch(reinterpret_cast<const char*>(panel) + kAhead, _MM_HINT_T0);
      }
      multiply<kRows, kVectors, 0>(sum, words, zero, in, t.in_stride);
      multiply<kRows, kVectors, 1>(sum, words, zero, in, t.in_stride);
      multiply<kRows, kVectors, 2>(sum, words, zero, in, t.in_stride);
      multiply<kRows, kVectors, 3>(sum, words, zero, in, t.in_stride);
      multiply<kRows, kVectors, 4>(sum, words, zero, in, t.in_stride);
      multiply<kRows, kVectors, 5>(sum, words, zero, in, t.in_stride);
      multiply<kRows, kVectors, 6>(sum, words, zero, in, t.in_stride);
      multiply<kRows, kVectors, 7>(sum, words, zero, in, t.in_stride);
      in += 8 * sizeof(float);
      weights += kStep;
    }
    INFERBENCH_UNROLL
    for (int v = 0; v < kVectors; ++v) add_scaled(t, g, v, scale_of(t, g, v), sum);
  }
}

// int8 activations in [-127, 127]: a pair of products is at most 2 * 15 * 127 = 3,810, so eight of
// them fit 16 bit (30,480 < 32,767) before they are widened.
template <int kRows, int kPanels>
INFERBENCH_AVX2 void tile_int8(const TileCall& t) {
  constexpr int kVectors = 2 * kPanels;
  constexpr std::int64_t kFlush = 32;  // k: eight pairs per 16 bit sum
  const __m256i nibble = _mm256_set1_epi8(15), ones = _mm256_set1_epi16(1);
  const std::byte* in = t.in;
  const std::byte* weights = t.weights;
  std::size_t g = 0;
  for (std::int64_t from = 0; from < t.k; from += t.group, ++g) {
    Ints8 sum[kRows][kVectors];
    INFERBENCH_UNROLL
    for (int v = 0; v < kVectors; ++v) {
      INFERBENCH_UNROLL
      for (int r = 0; r < kRows; ++r) sum[r][v] = Ints8{};
    }
    const std::int64_t size = t.k - from < t.group ? t.k - from : t.group;
    for (std::int64_t chunk = 0; chunk < size; chunk += kFlush) {
      Shorts16 pairs[kRows][kVectors];
      INFERBENCH_UNROLL
      for (int v = 0; v < kVectors; ++v) {
        INFERBENCH_UNROLL
        for (int r = 0; r < kRows; ++r) pairs[r][v] = Shorts16{};
      }
      const std::int64_t end = size - chunk < kFlush ? size - chunk : kFlush;
      for (std::int64_t k = 0; k < end; k += 8) {
        __m256i low[kVectors], high[kVectors];
        INFERBENCH_UNROLL
        for (int v = 0; v < kVectors; ++v) {
          const std::byte* panel = weights + static_cast<std::size_t>(v / 2) * t.panel_bytes;
          const __m256i words =
              _mm256_loadu_si256(reinterpret_cast<const __m256i*>(panel + 32 * (v % 2)));
          low[v] = _mm256_and_si256(words, nibble);
          high[v] = _mm256_and_si256(_mm256_srli_epi16(words, 4), nibble);
          if (v % 2 == 0) _mm_prefetch(reinterpret_cast<const char*>(panel) + kAhead, _MM_HINT_T0);
        }
        INFERBENCH_UNROLL
        for (int r = 0; r < kRows; ++r) {
          const int* a =
              reinterpret_cast<const int*>(in + static_cast<std::size_t>(r) * t.in_stride);
          const __m256i first = _mm256_set1_epi32(a[0]), second = _mm256_set1_epi32(a[1]);
          INFERBENCH_UNROLL
          for (int v = 0; v < kVectors; ++v) {
            pairs[r][v] += reinterpret_cast<Shorts16>(_mm256_maddubs_epi16(low[v], first));
            pairs[r][v] += reinterpret_cast<Shorts16>(_mm256_maddubs_epi16(high[v], second));
          }
        }
        in += 8;
        weights += kStep;
      }
      INFERBENCH_UNROLL
      for (int v = 0; v < kVectors; ++v) {
        INFERBENCH_UNROLL
        for (int r = 0; r < kRows; ++r) {
          sum[r][v] += reinterpret_cast<Ints8>(
              _mm256_madd_epi16(reinterpret_cast<__m256i>(pairs[r][v]), ones));
        }
      }
    }
    INFERBENCH_UNROLL
    for (int v = 0; v < kVectors; ++v) {
      const __m256 scale = scale_of(t, g, v), zero = zero_of(t, g, v);
      INFERBENCH_UNROLL
      for (int r = 0; r < kRows; ++r) {
        float* out = t.out + r * t.out_stride + 8 * v;
        const __m256 row_sum =
            _mm256_set1_ps(t.row_sums[static_cast<std::size_t>(r) * t.row_groups + g]);
        const __m256 part = _mm256_fnmadd_ps(
            zero, row_sum, _mm256_cvtepi32_ps(reinterpret_cast<__m256i>(sum[r][v])));
        const __m256 before = g > 0 ? _mm256_loadu_ps(out) : _mm256_setzero_ps();
        _mm256_storeu_ps(out, _mm256_fmadd_ps(scale, part, before));
      }
    }
  }
}

constexpr int kRows = 4, kInt8Rows = 3;

template <std::size_t... kIndex>
TileSet make_tiles(std::index_sequence<kIndex...>) {
  TileSet set{.width = kWidth, .unit = 8, .most_rows = kRows};
  ((set.panels[kIndex + 1] = kIndex == 0 ? 2 : 1), ...);
  ((set.wide[kIndex + 1] = tile < kIndex + 1, kIndex == 0 ? 2 : 1 >), ...);
  ((set.one[kIndex + 1] = tile<kIndex + 1, 1>), ...);
  return set;
}

template <std::size_t... kIndex>
TileSet make_int8(std::index_sequence<kIndex...>) {
  TileSet set{.width = kWidth, .unit = 8, .most_rows = kInt8Rows};
  set.activations = TileSet::Activations::s8;
  set.whole_k = true;
  ((set.panels[kIndex + 1] = kIndex == 0 ? 2 : 1), ...);
  ((set.wide[kIndex + 1] = tile_int8 < kIndex + 1, kIndex == 0 ? 2 : 1 >), ...);
  ((set.one[kIndex + 1] = tile_int8<kIndex + 1, 1>), ...);
  return set;
}

}  // namespace

const TileSet& tiles_int4_avx2() {
  static const TileSet set = make_tiles(std::make_index_sequence<kRows>());
  return set;
}

const TileSet& tiles_int4_int8_avx2() {
  static const TileSet set = make_int8(std::make_index_sequence<kInt8Rows>());
  return set;
}

#else

const TileSet& tiles_int4_avx2() {
  return no_tiles();
}
const TileSet& tiles_int4_int8_avx2() {
  return no_tiles();
}

#endif

}  // namespace inferbench
