#include "kernels/cpu/target.hpp"
#include "kernels/gemm/tiles.hpp"

#if INFERBENCH_X86
#include "kernels/cpu/vector_avx2.hpp"

namespace inferbench {
namespace {

INFERBENCH_AVX2 INFERBENCH_INLINE __m128i load8(const std::byte* at) {
  return _mm_loadl_epi64(reinterpret_cast<const __m128i*>(at));
}

// 2^-8 of the values; see the AVX-512 tiles.
INFERBENCH_AVX2 INFERBENCH_INLINE __m256 e4m3_values(__m128i codes) {
  const __m128i moved = _mm_slli_epi16(_mm_cvtepi8_epi16(codes), 7);
  return _mm256_cvtph_ps(_mm_and_si128(moved, _mm_set1_epi16(static_cast<short>(0xBFFF))));
}

struct NoTable {};

struct E4m3Code {
  static constexpr int kUnit = 1;
  static constexpr std::size_t kUnitBytes = 1;
  using Raw = __m128i;
  using Table = NoTable;
  INFERBENCH_AVX2 INFERBENCH_INLINE static Raw load(const std::byte* at) { return load8(at); }
  template <int kStep>
  INFERBENCH_AVX2 INFERBENCH_INLINE static __m256 value(Raw raw, const Table&) {
    return e4m3_values(raw);
  }
};

struct NibbleCode {
  static constexpr int kUnit = 8;
  static constexpr std::size_t kUnitBytes = 4;
  using Raw = __m256i;
  INFERBENCH_AVX2 INFERBENCH_INLINE static Raw load(const std::byte* at) {
    return _mm256_loadu_si256(reinterpret_cast<const __m256i*>(at));
  }
  static constexpr int shift_of(int step) { return step < 4 ? 8 * step : 8 * (step - 4) + 4; }
};

// A permutation looks the magnitude up by the three lowest bits; the fourth is the sign.
struct E2m1Code : NibbleCode {
  struct Table {
    __m256 values;
    INFERBENCH_AVX2 INFERBENCH_INLINE Table()
        : values(_mm256_setr_ps(0.0F, 0.5F, 1.0F, 1.5F, 2.0F, 3.0F, 4.0F, 6.0F)) {}
  };
  template <int kStep>
  INFERBENCH_AVX2 INFERBENCH_INLINE static __m256 value(Raw raw, const Table& table) {
    constexpr int kShift = shift_of(kStep);
    const __m256 magnitude = _mm256_permutevar8x32_ps(table.values, _mm256_srli_epi32(raw, kShift));
    const __m256i moved = _mm256_slli_epi32(raw, 28 - kShift);
    return _mm256_or_ps(magnitude,
                        _mm256_and_ps(_mm256_castsi256_ps(moved), _mm256_set1_ps(-0.0F)));
  }
};

struct Int4Code : NibbleCode {
  struct Table {};
  template <int kStep>
  INFERBENCH_AVX2 INFERBENCH_INLINE static __m256 value(Raw raw, const Table&) {
    const __m256i code =
        _mm256_and_si256(_mm256_srli_epi32(raw, shift_of(kStep)), _mm256_set1_epi32(15));
    return _mm256_cvtepi32_ps(_mm256_sub_epi32(code, _mm256_set1_epi32(8)));
  }
};

// Sixteen codes in a word; a permutation within four values takes the two lowest bits.
struct Int2Code {
  static constexpr int kUnit = 16;
  static constexpr std::size_t kUnitBytes = 4;
  using Raw = __m256i;
  struct Table {
    __m256 values;
    INFERBENCH_AVX2 INFERBENCH_INLINE Table()
        : values(_mm256_setr_ps(-1.5F, -0.5F, 0.5F, 1.5F, -1.5F, -0.5F, 0.5F, 1.5F)) {}
  };
  INFERBENCH_AVX2 INFERBENCH_INLINE static Raw load(const std::byte* at) {
    return _mm256_loadu_si256(reinterpret_cast<const __m256i*>(at));
  }
  template <int kStep>
  INFERBENCH_AVX2 INFERBENCH_INLINE static __m256 value(Raw raw, const Table& table) {
    return _mm256_permutevar_ps(table.values, _mm256_srli_epi32(raw, 2 * kStep));
  }
};

struct Fp32Scale {
  static constexpr bool kGrouped = true;
  static constexpr std::size_t kBytes = 4;
  INFERBENCH_AVX2 INFERBENCH_INLINE static __m256 load(const std::byte* at) {
    return _mm256_loadu_ps(reinterpret_cast<const float*>(at));
  }
};

struct Fp16Scale {
  static constexpr bool kGrouped = true;
  static constexpr std::size_t kBytes = 2;
  INFERBENCH_AVX2 INFERBENCH_INLINE static __m256 load(const std::byte* at) {
    return _mm256_cvtph_ps(_mm_loadu_si128(reinterpret_cast<const __m128i*>(at)));
  }
};

struct E4m3Scale {
  static constexpr bool kGrouped = true;
  static constexpr std::size_t kBytes = 1;
  INFERBENCH_AVX2 INFERBENCH_INLINE static __m256 load(const std::byte* at) {
    return e4m3_values(load8(at));
  }
};

struct E8m0Scale {
  static constexpr bool kGrouped = true;
  static constexpr std::size_t kBytes = 1;
  INFERBENCH_AVX2 INFERBENCH_INLINE static __m256 load(const std::byte* at) {
    return _mm256_castsi256_ps(_mm256_slli_epi32(_mm256_cvtepu8_epi32(load8(at)), 23));
  }
};

constexpr int panels_of(int rows) {
  if (rows == 1) return 4;
  return rows == 2 ? 2 : 1;
}

}  // namespace
}  // namespace inferbench

#include "kernels/gemm/coded_tiles.hpp"
#endif

namespace inferbench {

const TileSet& tiles_coded_avx2(const BlockFormat& format) {
#if INFERBENCH_X86
  return coded_tiles<panels_of, 5>(format);
#else
  static_cast<void>(format);
  return no_tiles();
#endif
}

}  // namespace inferbench
