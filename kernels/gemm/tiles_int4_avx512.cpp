#include <utility>

#include "kernels/cpu/target.hpp"
#include "kernels/gemm/tiles.hpp"

#if INFERBENCH_X86
#include "kernels/cpu/vector_avx512.hpp"
// After the vectors that it is about.
#include "kernels/gemm/tile_body.hpp"
#endif

namespace inferbench {

#if INFERBENCH_X86
namespace {

constexpr std::size_t kStep = kWidth * 4;  // bytes of 8 k of a panel

// Zero points of vector v's columns in group g.
INFERBENCH_AVX512 INFERBENCH_INLINE __m512 zero_of(const TileCall& t, std::size_t g, int v) {
  const std::int8_t* at = t.zeros + static_cast<std::size_t>(v / 2) * t.group_panel + g * kWidth +
                          static_cast<std::size_t>(16 * (v % 2));
  return _mm512_cvtepi32_ps(
      _mm512_cvtepi8_epi32(_mm_loadu_si128(reinterpret_cast<const __m128i*>(at))));
}

// One multiply-add of nibble kNibble of each word: a permutation looks the value up, which takes
// the four lowest bits of its index and so needs no mask.
template <int kRows, int kVectors, bool kZeroPoints, int kNibble>
INFERBENCH_AVX512 INFERBENCH_INLINE void multiply(__m512 (&sum)[kRows][kVectors],
                                                  const __m512i (&words)[kVectors],
                                                  const __m512 (&zero)[kVectors], __m512 values,
                                                  const std::byte* in, std::size_t in_stride) {
  constexpr int kShift = kNibble < 4 ? 8 * kNibble : 8 * (kNibble - 4) + 4;
  __m512 w[kVectors];
  INFERBENCH_UNROLL
  for (int v = 0; v < kVectors; ++v) {
    w[v] = _mm512_permutexvar_ps(_mm512_srli_epi32(words[v], kShift), values);
    if (kZeroPoints) w[v] = _mm512_sub_ps(w[v], zero[v]);
  }
  INFERBENCH_UNROLL
  for (int r = 0; r < kRows; ++r) {
    const __m512 a = _mm512_set1_ps(*reinterpret_cast<const float*>(
        in + static_cast<std::size_t>(r) * in_stride + kNibble * sizeof(float)));
    INFERBENCH_UNROLL
    for (int v = 0; v < kVectors; ++v) sum[r][v] = _mm512_fmadd_ps(a, w[v], sum[r][v]);
  }
}

// fp32 arithmetic. Without zero points values are -8 .. 7, with them 0 .. 15 less the zero.
template <int kRows, int kPanels, bool kZeroPoints>
INFERBENCH_AVX512 void tile(const TileCall& t) {
  constexpr int kVectors = 2 * kPanels;
  const __m512 values =
      kZeroPoints ? _mm512_setr_ps(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15)
                  : _mm512_setr_ps(-8, -7, -6, -5, -4, -3, -2, -1, 0, 1, 2, 3, 4, 5, 6, 7);
  const std::byte* in = t.in;
  const std::byte* weights = t.weights;
  std::size_t g = 0;
  for (std::int64_t from = 0; from < t.k; from += t.group, ++g) {
    __m512 sum[kRows][kVectors];
    __m512 zero[kVectors];
    INFERBENCH_UNROLL
    for (int v = 0; v < kVectors; ++v) {
      zero[v] = kZeroPoints ? zero_of(t, g, v) : _mm512_setzero_ps();
      INFERBENCH_UNROLL
      for (int r = 0; r < kRows; ++r) sum[r][v] = _mm512_setzero_ps();
    }
    const std::int64_t size = t.k - from < t.group ? t.k - from : t.group;
    for (std::int64_t k = 0; k < size; k += 8) {
      __m512i words[kVectors];
      INFERBENCH_UNROLL
      for (int v = 0; v < kVectors; ++v) {
        const std::byte* panel = weights + static_cast<std::size_t>(v / 2) * t.panel_bytes;
        words[v] = _mm512_loadu_si512(panel + 64 * (v % 2));
      }
      multiply<kRows, kVectors, kZeroPoints, 0>(sum, words, zero, values, in, t.in_stride);
      multiply<kRows, kVectors, kZeroPoints, 1>(sum, words, zero, values, in, t.in_stride);
      multiply<kRows, kVectors, kZeroPoints, 2>(sum, words, zero, values, in, t.in_stride);
      multiply<kRows, kVectors, kZeroPoints, 3>(sum, words, zero, values, in, t.in_stride);
      multiply<kRows, kVectors, kZeroPoints, 4>(sum, words, zero, values, in, t.in_stride);
      multiply<kRows, kVectors, kZeroPoints, 5>(sum, words, zero, values, in, t.in_stride);
      multiply<kRows, kVectors, kZeroPoints, 6>(sum, words, zero, values, in, t.in_stride);
      multiply<kRows, kVectors, kZeroPoints, 7>(sum, words, zero, values, in, t.in_stride);
      in += 8 * sizeof(float);
      weights += kStep;
    }
    INFERBENCH_UNROLL
    for (int v = 0; v < kVectors; ++v) add_scaled(t, g, v, scale_of(t, g, v), sum);
  }
}

// int8 activations: unsigned nibbles by signed bytes, exact; a group's zero point times the sum of
// its activations is subtracted. Both are integers below 2^24, which fp32 holds exactly.
template <int kRows, int kPanels>
INFERBENCH_AVX512_VNNI void tile_int8(const TileCall& t) {
  constexpr int kVectors = 2 * kPanels;
  const __m512i nibble = _mm512_set1_epi8(15);
  const std::byte* in = t.in;
  const std::byte* weights = t.weights;
  std::size_t g = 0;
  for (std::int64_t from = 0; from < t.k; from += t.group, ++g) {
    Ints16 sum[kRows][kVectors];
    INFERBENCH_UNROLL
    for (int v = 0; v < kVectors; ++v) {
      INFERBENCH_UNROLL
      for (int r = 0; r < kRows; ++r) sum[r][v] = Ints16{};
    }
    const std::int64_t size = t.k - from < t.group ? t.k - from : t.group;
    for (std::int64_t k = 0; k < size; k += 8) {
      __m512i low[kVectors], high[kVectors];
      INFERBENCH_UNROLL
      for (int v = 0; v < kVectors; ++v) {
        const std::byte* panel = weights + static_cast<std::size_t>(v / 2) * t.panel_bytes;
        const __m512i words = _mm512_loadu_si512(panel + 64 * (v % 2));
        low[v] = _mm512_and_si512(words, nibble);
        high[v] = _mm512_and_si512(_mm512_srli_epi16(words, 4), nibble);
      }
      INFERBENCH_UNROLL
      for (int r = 0; r < kRows; ++r) {
        const int* a = reinterpret_cast<const int*>(in + static_cast<std::size_t>(r) * t.in_stride);
        const __m512i first = _mm512_set1_epi32(a[0]), second = _mm512_set1_epi32(a[1]);
        INFERBENCH_UNROLL
        for (int v = 0; v < kVectors; ++v) {
          __m512i s = reinterpret_cast<__m512i>(sum[r][v]);
          s = _mm512_dpbusd_epi32(s, low[v], first);
          sum[r][v] = reinterpret_cast<Ints16>(_mm512_dpbusd_epi32(s, high[v], second));
        }
      }
      in += 8;
      weights += kStep;
    }
    INFERBENCH_UNROLL
    for (int v = 0; v < kVectors; ++v) {
      const __m512 scale = scale_of(t, g, v), zero = zero_of(t, g, v);
      INFERBENCH_UNROLL
      for (int r = 0; r < kRows; ++r) {
        float* out = t.out + r * t.out_stride + 16 * v;
        const __m512 row_sum =
            _mm512_set1_ps(t.row_sums[static_cast<std::size_t>(r) * t.row_groups + g]);
        const __m512 part = _mm512_fnmadd_ps(
            zero, row_sum, _mm512_cvtepi32_ps(reinterpret_cast<__m512i>(sum[r][v])));
        const __m512 before = g > 0 ? _mm512_loadu_ps(out) : _mm512_setzero_ps();
        _mm512_storeu_ps(out, _mm512_fmadd_ps(scale, part, before));
      }
    }
  }
}

constexpr int panels_of(int rows) {
  if (rows == 1) return 4;
  return rows <= 5 ? 2 : 1;
}

constexpr int kRows = 12;  // with two words and two values in flight, 24 sums fit

template <bool kZeroPoints, std::size_t... kIndex>
TileSet make_tiles(std::index_sequence<kIndex...>) {
  TileSet set{.width = kWidth, .unit = 8, .most_rows = kRows};
  ((set.panels[kIndex + 1] = panels_of(kIndex + 1)), ...);
  ((set.wide[kIndex + 1] = tile<kIndex + 1, panels_of(kIndex + 1), kZeroPoints>), ...);
  ((set.one[kIndex + 1] = tile<kIndex + 1, 1, kZeroPoints>), ...);
  return set;
}

template <std::size_t... kIndex>
TileSet make_int8(std::index_sequence<kIndex...>) {
  TileSet set{.width = kWidth, .unit = 8, .most_rows = kRows};
  set.activations = TileSet::Activations::s8;
  set.whole_k = true;
  ((set.panels[kIndex + 1] = panels_of(kIndex + 1)), ...);
  ((set.wide[kIndex + 1] = tile_int8<kIndex + 1, panels_of(kIndex + 1)>), ...);
  ((set.one[kIndex + 1] = tile_int8<kIndex + 1, 1>), ...);
  return set;
}

}  // namespace

const TileSet& tiles_int4_avx512(bool zero_points) {
  static const TileSet plain = make_tiles<false>(std::make_index_sequence<kRows>()),
                       zeros = make_tiles<true>(std::make_index_sequence<kRows>());
  return zero_points ? zeros : plain;
}

const TileSet& tiles_int4_int8_vnni() {
  static const TileSet set = make_int8(std::make_index_sequence<kRows>());
  return set;
}

#else

const TileSet& tiles_int4_avx512(bool) {
  return no_tiles();
}
const TileSet& tiles_int4_int8_vnni() {
  return no_tiles();
}

#endif

}  // namespace inferbench
