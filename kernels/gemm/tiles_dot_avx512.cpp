#include <utility>

#include "kernels/cpu/target.hpp"
#include "kernels/gemm/tiles.hpp"

namespace inferbench {

#if INFERBENCH_X86
namespace {

constexpr int kWidth = 32;                 // two vectors of 32 bit sums
constexpr std::size_t kAhead = 2048;       // bytes of a panel that are asked for ahead
constexpr std::size_t kStep = kWidth * 4;  // bytes of a panel that one step multiplies

INFERBENCH_AVX512 INFERBENCH_INLINE void prefetch(const std::byte* panel) {
  _mm_prefetch(reinterpret_cast<const char*>(panel) + kAhead, _MM_HINT_T0);
  _mm_prefetch(reinterpret_cast<const char*>(panel) + kAhead + 64, _MM_HINT_T0);
}

// Two k at a time: vdpbf16ps rounds after each product of a pair, and treats denormals as zero.
template <int kRows, int kPanels>
INFERBENCH_AVX512_BF16 void tile_bf16(const TileCall& t) {
  constexpr int kVectors = 2 * kPanels;
  __m512 sum[kRows][kVectors];
  INFERBENCH_UNROLL
  for (int r = 0; r < kRows; ++r) {
    INFERBENCH_UNROLL
    for (int v = 0; v < kVectors; ++v) {
      sum[r][v] =
          t.accumulate ? _mm512_loadu_ps(t.out + r * t.out_stride + 16 * v) : _mm512_setzero_ps();
    }
  }
  const std::byte* in = t.in;
  const std::byte* weights = t.weights;
  for (std::int64_t k = 0; k < t.k; k += 2) {
    __m512i w[kVectors];
    INFERBENCH_UNROLL
    for (int v = 0; v < kVectors; ++v) {
      const std::byte* panel = weights + static_cast<std::size_t>(v / 2) * t.panel_bytes;
      w[v] = _mm512_loadu_si512(panel + 64 * (v % 2));
      if (kPanels == 1 && v == 0) prefetch(panel);
    }
    INFERBENCH_UNROLL
    for (int r = 0; r < kRows; ++r) {
      const __m512i a = _mm512_set1_epi32(
          *reinterpret_cast<const int*>(in + static_cast<std::size_t>(r) * t.in_stride));
      INFERBENCH_UNROLL
      for (int v = 0; v < kVectors; ++v) {
        sum[r][v] = _mm512_dpbf16_ps(sum[r][v], reinterpret_cast<__m512bh>(a),
                                     reinterpret_cast<__m512bh>(w[v]));
      }
    }
    in += 4;
    weights += kStep;
  }
  INFERBENCH_UNROLL
  for (int r = 0; r < kRows; ++r) {
    INFERBENCH_UNROLL
    for (int v = 0; v < kVectors; ++v) {
      _mm512_storeu_ps(t.out + r * t.out_stride + 16 * v, sum[r][v]);
    }
  }
}

// Four k at a time: unsigned activations (value + 128) by signed weights. The sum starts at -128
// times the sum of the column's weights. 32 bit sums wrap, so the result is exact whenever it fits.
template <int kRows, int kPanels>
INFERBENCH_AVX512_VNNI void tile_int8(const TileCall& t) {
  constexpr int kVectors = 2 * kPanels;
  Ints16 sum[kRows][kVectors];
  INFERBENCH_UNROLL
  for (int r = 0; r < kRows; ++r) {
    INFERBENCH_UNROLL
    for (int v = 0; v < kVectors; ++v) {
      sum[r][v] = reinterpret_cast<Ints16>(_mm512_loadu_si512(t.start + 16 * v));
    }
  }
  const std::byte* in = t.in;
  const std::byte* weights = t.weights;
  for (std::int64_t k = 0; k < t.k; k += 4) {
    __m512i w[kVectors];
    INFERBENCH_UNROLL
    for (int v = 0; v < kVectors; ++v) {
      const std::byte* panel = weights + static_cast<std::size_t>(v / 2) * t.panel_bytes;
      w[v] = _mm512_loadu_si512(panel + 64 * (v % 2));
      if (kPanels == 1 && v == 0) prefetch(panel);
    }
    INFERBENCH_UNROLL
    for (int r = 0; r < kRows; ++r) {
      const __m512i a = _mm512_set1_epi32(
          *reinterpret_cast<const int*>(in + static_cast<std::size_t>(r) * t.in_stride));
      INFERBENCH_UNROLL
      for (int v = 0; v < kVectors; ++v) {
        sum[r][v] = reinterpret_cast<Ints16>(
            _mm512_dpbusd_epi32(reinterpret_cast<__m512i>(sum[r][v]), a, w[v]));
      }
    }
    in += 4;
    weights += kStep;
  }
  INFERBENCH_UNROLL
  for (int r = 0; r < kRows; ++r) {
    INFERBENCH_UNROLL
    for (int v = 0; v < kVectors; ++v) {
      _mm512_storeu_ps(t.out + r * t.out_stride + 16 * v,
                       _mm512_cvtepi32_ps(reinterpret_cast<__m512i>(sum[r][v])));
    }
  }
}

constexpr int panels_of(int rows) {
  if (rows <= 3) return 4;
  if (rows == 4) return 3;
  return rows <= 7 ? 2 : 1;
}

template <std::size_t... kIndex>
TileSet make_bf16(std::index_sequence<kIndex...>) {
  TileSet set{.width = kWidth, .unit = 2, .most_rows = kMostTileRows};
  set.activations = TileSet::Activations::bf16;
  ((set.panels[kIndex + 1] = panels_of(kIndex + 1)), ...);
  ((set.wide[kIndex + 1] = tile_bf16<kIndex + 1, panels_of(kIndex + 1)>), ...);
  ((set.one[kIndex + 1] = tile_bf16<kIndex + 1, 1>), ...);
  return set;
}

template <std::size_t... kIndex>
TileSet make_int8(std::index_sequence<kIndex...>) {
  TileSet set{.width = kWidth, .unit = 4, .most_rows = kMostTileRows};
  set.activations = TileSet::Activations::u8;
  set.whole_k = true;
  ((set.panels[kIndex + 1] = panels_of(kIndex + 1)), ...);
  ((set.wide[kIndex + 1] = tile_int8<kIndex + 1, panels_of(kIndex + 1)>), ...);
  ((set.one[kIndex + 1] = tile_int8<kIndex + 1, 1>), ...);
  return set;
}

}  // namespace

const TileSet& tiles_bf16_avx512() {
  static const TileSet set = make_bf16(std::make_index_sequence<kMostTileRows>());
  return set;
}

const TileSet& tiles_int8_vnni() {
  static const TileSet set = make_int8(std::make_index_sequence<kMostTileRows>());
  return set;
}

#else

const TileSet& tiles_bf16_avx512() {
  return no_tiles();
}
const TileSet& tiles_int8_vnni() {
  return no_tiles();
}

#endif

}  // namespace inferbench
