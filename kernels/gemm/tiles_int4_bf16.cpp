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
constexpr int kPairs = 4;                  // of 8 k

// -8 .. 7 as bf16, twice: a lookup takes five bits of its index, of which the highest belongs to
// the next nibble.
INFERBENCH_AVX512 INFERBENCH_INLINE __m512i values() {
  alignas(64) std::uint16_t table[32];
  constexpr std::uint16_t kBf16[16] = {0xC100, 0xC0E0, 0xC0C0, 0xC0A0, 0xC080, 0xC040,
                                       0xC000, 0xBF80, 0x0000, 0x3F80, 0x4000, 0x4040,
                                       0x4080, 0x40A0, 0x40C0, 0x40E0};
  for (int i = 0; i < 32; ++i) table[i] = kBf16[i % 16];
  return _mm512_load_si512(table);
}

// Nibble kPair of both 16 bit halves of each word, which are the weights of two k, by the two
// activations that lie beside each other for them.
template <int kRows, int kVectors, int kPair>
INFERBENCH_AVX512_BF16 INFERBENCH_INLINE void multiply(__m512 (&sum)[kRows][kVectors],
                                                       const __m512i (&words)[kVectors],
                                                       __m512i table, const std::byte* in,
                                                       std::size_t in_stride) {
  __m512i w[kVectors];
  INFERBENCH_UNROLL
  for (int v = 0; v < kVectors; ++v) {
    const __m512i index = kPair == 0 ? words[v] : _mm512_srli_epi16(words[v], 4 * kPair);
    w[v] = _mm512_permutexvar_epi16(index, table);
  }
  INFERBENCH_UNROLL
  for (int r = 0; r < kRows; ++r) {
    const __m512i a = _mm512_set1_epi32(
        *reinterpret_cast<const int*>(in + static_cast<std::size_t>(r) * in_stride + 4 * kPair));
    INFERBENCH_UNROLL
    for (int v = 0; v < kVectors; ++v) {
      sum[r][v] = _mm512_dpbf16_ps(sum[r][v], reinterpret_cast<__m512bh>(a),
                                   reinterpret_cast<__m512bh>(w[v]));
    }
  }
}

// Products of bf16 by an integer below 16 are exact, sums are fp32; denormals count as zero.
template <int kRows, int kPanels>
INFERBENCH_AVX512_BF16 void tile(const TileCall& t) {
  constexpr int kVectors = 2 * kPanels;
  const __m512i table = values();
  const std::byte* in = t.in;
  const std::byte* weights = t.weights;
  std::size_t g = 0;
  for (std::int64_t from = 0; from < t.k; from += t.group, ++g) {
    __m512 sum[kRows][kVectors];
    INFERBENCH_UNROLL
    for (int v = 0; v < kVectors; ++v) {
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
      multiply<kRows, kVectors, 0>(sum, words, table, in, t.in_stride);
      multiply<kRows, kVectors, 1>(sum, words, table, in, t.in_stride);
      multiply<kRows, kVectors, 2>(sum, words, table, in, t.in_stride);
      multiply<kRows, kVectors, 3>(sum, words, table, in, t.in_stride);
      in += kPairs * 4;
      weights += kStep;
    }
    INFERBENCH_UNROLL
    for (int v = 0; v < kVectors; ++v) add_scaled(t, g, v, scale_of(t, g, v), sum);
  }
}

constexpr int panels_of(int rows) {
  if (rows == 1) return 4;
  return rows <= 5 ? 2 : 1;
}

constexpr int kRows = 12;  // with two words and two values in flight, 24 sums fit

template <std::size_t... kIndex>
TileSet make_tiles(std::index_sequence<kIndex...>) {
  TileSet set{.width = kWidth, .unit = 8, .most_rows = kRows};
  set.activations = TileSet::Activations::bf16_pairs;
  ((set.panels[kIndex + 1] = panels_of(kIndex + 1)), ...);
  ((set.wide[kIndex + 1] = tile<kIndex + 1, panels_of(kIndex + 1)>), ...);
  ((set.one[kIndex + 1] = tile<kIndex + 1, 1>), ...);
  return set;
}

}  // namespace

const TileSet& tiles_int4_bf16() {
  static const TileSet set = make_tiles(std::make_index_sequence<kRows>());
  return set;
}

#else

const TileSet& tiles_int4_bf16() {
  return no_tiles();
}

#endif

}  // namespace inferbench
