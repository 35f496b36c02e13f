#include <utility>

#include "kernels/cpu/target.hpp"
#include "kernels/gemm/tiles.hpp"

namespace inferbench {

#if INFERBENCH_X86
namespace {

constexpr int kWidth = 16;            // two vectors
constexpr int kMostRows = 6;          // 12 accumulators of 16 registers
constexpr std::size_t kAhead = 2048;  // bytes of a panel that are asked for ahead

struct F32 {
  static constexpr std::size_t kBytes = kWidth * sizeof(float);  // of one k of a panel
  INFERBENCH_AVX2 INFERBENCH_INLINE static __m256 load(const std::byte* at, int v) {
    return _mm256_loadu_ps(reinterpret_cast<const float*>(at) + 8 * v);
  }
};

struct Bf16 {
  static constexpr std::size_t kBytes = kWidth * 2;
  INFERBENCH_AVX2 INFERBENCH_INLINE static __m256 load(const std::byte* at, int v) {
    const __m128i w = _mm_loadu_si128(reinterpret_cast<const __m128i*>(at) + v);
    return _mm256_castsi256_ps(_mm256_slli_epi32(_mm256_cvtepu16_epi32(w), 16));
  }
};

struct F16 {
  static constexpr std::size_t kBytes = kWidth * 2;
  INFERBENCH_AVX2 INFERBENCH_INLINE static __m256 load(const std::byte* at, int v) {
    return _mm256_cvtph_ps(_mm_loadu_si128(reinterpret_cast<const __m128i*>(at) + v));
  }
};

struct I8 {
  static constexpr std::size_t kBytes = kWidth;
  INFERBENCH_AVX2 INFERBENCH_INLINE static __m256 load(const std::byte* at, int v) {
    const __m128i w = _mm_loadl_epi64(reinterpret_cast<const __m128i*>(at + 8 * v));
    return _mm256_cvtepi32_ps(_mm256_cvtepi8_epi32(w));
  }
};

// Each accumulator is one chain of fused multiply-adds in the order of k, continued from `out`.
template <class W, int kRows, int kPanels>
INFERBENCH_AVX2 void tile(const TileCall& t) {
  constexpr int kVectors = 2 * kPanels;
  __m256 sum[kRows][kVectors];
  INFERBENCH_UNROLL
  for (int r = 0; r < kRows; ++r) {
    INFERBENCH_UNROLL
    for (int v = 0; v < kVectors; ++v) {
      float* out = t.out + r * t.out_stride + 8 * v;
      sum[r][v] = t.accumulate ? _mm256_loadu_ps(out) : _mm256_setzero_ps();
    }
  }
  const std::byte* in = t.in;
  const std::byte* weights = t.weights;
  for (std::int64_t k = 0; k < t.k; ++k) {
    __m256 w[kVectors];
    INFERBENCH_UNROLL
    for (int v = 0; v < kVectors; ++v) {
      const std::byte* panel = weights + static_cast<std::size_t>(v / 2) * t.panel_bytes;
      w[v] = W::load(panel, v % 2);
      if (v % 2 == 0) _mm_prefetch(reinterpret_cast<const char*>(panel) + kAhead, _MM_HINT_T0);
    }
    INFERBENCH_UNROLL
    for (int r = 0; r < kRows; ++r) {
      const __m256 a = _mm256_broadcast_ss(
          reinterpret_cast<const float*>(in + static_cast<std::size_t>(r) * t.in_stride));
      INFERBENCH_UNROLL
      for (int v = 0; v < kVectors; ++v) sum[r][v] = _mm256_fmadd_ps(a, w[v], sum[r][v]);
    }
    in += sizeof(float);
    weights += W::kBytes;
  }
  INFERBENCH_UNROLL
  for (int r = 0; r < kRows; ++r) {
    INFERBENCH_UNROLL
    for (int v = 0; v < kVectors; ++v) {
      _mm256_storeu_ps(t.out + r * t.out_stride + 8 * v, sum[r][v]);
    }
  }
}

// One row: 8 accumulators; two rows: 8; more: as many as one panel has.
constexpr int panels_of(int rows) {
  if (rows == 1) return 4;
  return rows <= 3 ? 2 : 1;
}

template <class W, std::size_t... kIndex>
TileSet make_tiles(std::index_sequence<kIndex...>) {
  TileSet set{.width = kWidth, .unit = 1, .most_rows = kMostRows};
  ((set.panels[kIndex + 1] = panels_of(kIndex + 1)), ...);
  ((set.wide[kIndex + 1] = tile<W, kIndex + 1, panels_of(kIndex + 1)>), ...);
  ((set.one[kIndex + 1] = tile<W, kIndex + 1, 1>), ...);
  return set;
}

}  // namespace

const TileSet& tiles_float_avx2(GemmFormat::Weights weights) {
  constexpr auto kRows = std::make_index_sequence<kMostRows>();
  static const TileSet f32 = make_tiles<F32>(kRows), bf16 = make_tiles<Bf16>(kRows),
                       f16 = make_tiles<F16>(kRows), i8 = make_tiles<I8>(kRows);
  return pick_float(weights, f32, bf16, f16, i8);
}

#else

const TileSet& tiles_float_avx2(GemmFormat::Weights) {
  return no_tiles();
}

#endif

}  // namespace inferbench
