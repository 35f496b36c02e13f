#include <utility>

#include "kernels/cpu/target.hpp"
#include "kernels/gemm/tiles.hpp"

namespace inferbench {

#if INFERBENCH_X86
namespace {

constexpr int kWidth = 32;            // two vectors
constexpr std::size_t kAhead = 2048;  // bytes of a panel that are asked for ahead

struct F32 {
  static constexpr std::size_t kBytes = kWidth * sizeof(float);  // of one k of a panel
  INFERBENCH_AVX512 INFERBENCH_INLINE static __m512 load(const std::byte* at, int v) {
    return _mm512_loadu_ps(reinterpret_cast<const float*>(at) + 16 * v);
  }
};

struct Bf16 {
  static constexpr std::size_t kBytes = kWidth * 2;
  INFERBENCH_AVX512 INFERBENCH_INLINE static __m512 load(const std::byte* at, int v) {
    const __m256i w = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(at) + v);
    return _mm512_castsi512_ps(_mm512_slli_epi32(_mm512_cvtepu16_epi32(w), 16));
  }
};

struct F16 {
  static constexpr std::size_t kBytes = kWidth * 2;
  INFERBENCH_AVX512 INFERBENCH_INLINE static __m512 load(const std::byte* at, int v) {
    return _mm512_cvtph_ps(_mm256_loadu_si256(reinterpret_cast<const __m256i*>(at) + v));
  }
};

struct I8 {
  static constexpr std::size_t kBytes = kWidth;
  INFERBENCH_AVX512 INFERBENCH_INLINE static __m512 load(const std::byte* at, int v) {
    const __m128i w = _mm_loadu_si128(reinterpret_cast<const __m128i*>(at) + v);
    return _mm512_cvtepi32_ps(_mm512_cvtepi8_epi32(w));
  }
};

// Each accumulator is one chain of fused multiply-adds in the order of k, continued from `out`.
template <class W, int kRows, int kPanels>
INFERBENCH_AVX512 void tile(const TileCall& t) {
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
  for (std::int64_t k = 0; k < t.k; ++k) {
    __m512 w[kVectors];
    INFERBENCH_UNROLL
    for (int v = 0; v < kVectors; ++v) {
      const std::byte* panel = weights + static_cast<std::size_t>(v / 2) * t.panel_bytes;
      w[v] = W::load(panel, v % 2);
      if (kPanels == 1 && v == 0) {
        _mm_prefetch(reinterpret_cast<const char*>(panel) + kAhead, _MM_HINT_T0);
        if (W::kBytes > 64) {
          _mm_prefetch(reinterpret_cast<const char*>(panel) + kAhead + 64, _MM_HINT_T0);
        }
      }
    }
    INFERBENCH_UNROLL
    for (int r = 0; r < kRows; ++r) {
      const __m512 a = _mm512_set1_ps(
          *reinterpret_cast<const float*>(in + static_cast<std::size_t>(r) * t.in_stride));
      INFERBENCH_UNROLL
      for (int v = 0; v < kVectors; ++v) sum[r][v] = _mm512_fmadd_ps(a, w[v], sum[r][v]);
    }
    in += sizeof(float);
    weights += W::kBytes;
  }
  INFERBENCH_UNROLL
  for (int r = 0; r < kRows; ++r) {
    INFERBENCH_UNROLL
    for (int v = 0; v < kVectors; ++v) {
      _mm512_storeu_ps(t.out + r * t.out_stride + 16 * v, sum[r][v]);
    }
  }
}

// Accumulators, weights and one activation fit 32 registers.
constexpr int panels_of(int rows) {
  if (rows <= 3) return 4;
  if (rows == 4) return 3;
  return rows <= 7 ? 2 : 1;
}

template <class W, std::size_t... kIndex>
TileSet make_tiles(std::index_sequence<kIndex...>) {
  TileSet set{.width = kWidth, .unit = 1, .most_rows = kMostTileRows};
  ((set.panels[kIndex + 1] = panels_of(kIndex + 1)), ...);
  ((set.wide[kIndex + 1] = tile<W, kIndex + 1, panels_of(kIndex + 1)>), ...);
  ((set.one[kIndex + 1] = tile<W, kIndex + 1, 1>), ...);
  return set;
}

}  // namespace

const TileSet& tiles_float_avx512(GemmFormat::Weights weights) {
  constexpr auto kRows = std::make_index_sequence<kMostTileRows>();
  static const TileSet f32 = make_tiles<F32>(kRows), bf16 = make_tiles<Bf16>(kRows),
                       f16 = make_tiles<F16>(kRows), i8 = make_tiles<I8>(kRows);
  return pick_float(weights, f32, bf16, f16, i8);
}

#else

const TileSet& tiles_float_avx512(GemmFormat::Weights) {
  return no_tiles();
}

#endif

}  // namespace inferbench
