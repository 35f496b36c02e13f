#include "kernels/cpu/target.hpp"
#include "kernels/gemm/tiles.hpp"

#if INFERBENCH_X86
#include "kernels/cpu/vector_avx512.hpp"

namespace inferbench {
namespace {

INFERBENCH_AVX512 INFERBENCH_INLINE __m128i load16(const std::byte* at) {
  return _mm_loadu_si128(reinterpret_cast<const __m128i*>(at));
}

// 2^-8 of the values: e4m3's bits in fp16's place, with the sign where the byte's extension left
// copies of it. Scales hold the 256.
INFERBENCH_AVX512 INFERBENCH_INLINE __m512 e4m3_values(__m128i codes) {
  const __m256i moved = _mm256_slli_epi16(_mm256_cvtepi8_epi16(codes), 7);
  return _mm512_cvtph_ps(_mm256_and_si256(moved, _mm256_set1_epi16(static_cast<short>(0xBFFF))));
}

struct NoTable {};

struct E4m3Code {
  static constexpr int kUnit = 1;
  static constexpr std::size_t kUnitBytes = 1;
  using Raw = __m128i;
  using Table = NoTable;
  INFERBENCH_AVX512 INFERBENCH_INLINE static Raw load(const std::byte* at) { return load16(at); }
  template <int kStep>
  INFERBENCH_AVX512 INFERBENCH_INLINE static __m512 value(Raw raw, const Table&) {
    return e4m3_values(raw);
  }
};

// Eight codes in a word, looked up by a permutation, which takes the four lowest bits of its index.
struct NibbleCode {
  static constexpr int kUnit = 8;
  static constexpr std::size_t kUnitBytes = 4;
  using Raw = __m512i;
  INFERBENCH_AVX512 INFERBENCH_INLINE static Raw load(const std::byte* at) {
    return _mm512_loadu_si512(at);
  }
  template <int kStep>
  INFERBENCH_AVX512 INFERBENCH_INLINE static __m512 look_up(Raw raw, __m512 values) {
    constexpr int kShift = kStep < 4 ? 8 * kStep : 8 * (kStep - 4) + 4;
    return _mm512_permutexvar_ps(_mm512_srli_epi32(raw, kShift), values);
  }
};

struct E2m1Code : NibbleCode {
  struct Table {
    __m512 values;
    INFERBENCH_AVX512 INFERBENCH_INLINE Table()
        : values(_mm512_setr_ps(0.0F, 0.5F, 1.0F, 1.5F, 2.0F, 3.0F, 4.0F, 6.0F, -0.0F, -0.5F, -1.0F,
                                -1.5F, -2.0F, -3.0F, -4.0F, -6.0F)) {}
  };
  template <int kStep>
  INFERBENCH_AVX512 INFERBENCH_INLINE static __m512 value(Raw raw, const Table& table) {
    return look_up<kStep>(raw, table.values);
  }
};

struct Int4Code : NibbleCode {
  struct Table {
    __m512 values;
    INFERBENCH_AVX512 INFERBENCH_INLINE Table()
        : values(_mm512_setr_ps(-8, -7, -6, -5, -4, -3, -2, -1, 0, 1, 2, 3, 4, 5, 6, 7)) {}
  };
  template <int kStep>
  INFERBENCH_AVX512 INFERBENCH_INLINE static __m512 value(Raw raw, const Table& table) {
    return look_up<kStep>(raw, table.values);
  }
};

// Sixteen codes in a word; a permutation within four values takes the two lowest bits.
struct Int2Code {
  static constexpr int kUnit = 16;
  static constexpr std::size_t kUnitBytes = 4;
  using Raw = __m512i;
  struct Table {
    __m512 values;
    INFERBENCH_AVX512 INFERBENCH_INLINE Table()
        : values(_mm512_broadcast_f32x4(_mm_setr_ps(-1.5F, -0.5F, 0.5F, 1.5F))) {}
  };
  INFERBENCH_AVX512 INFERBENCH_INLINE static Raw load(const std::byte* at) {
    return _mm512_loadu_si512(at);
  }
  template <int kStep>
  INFERBENCH_AVX512 INFERBENCH_INLINE static __m512 value(Raw raw, const Table& table) {
    return _mm512_permutevar_ps(table.values, _mm512_srli_epi32(raw, 2 * kStep));
  }
};

struct Fp32Scale {
  static constexpr bool kGrouped = true;
  static constexpr std::size_t kBytes = 4;
  INFERBENCH_AVX512 INFERBENCH_INLINE static __m512 load(const std::byte* at) {
    return _mm512_loadu_ps(at);
  }
};

struct Fp16Scale {
  static constexpr bool kGrouped = true;
  static constexpr std::size_t kBytes = 2;
  INFERBENCH_AVX512 INFERBENCH_INLINE static __m512 load(const std::byte* at) {
    return _mm512_cvtph_ps(_mm256_loadu_si256(reinterpret_cast<const __m256i*>(at)));
  }
};

struct E4m3Scale {
  static constexpr bool kGrouped = true;
  static constexpr std::size_t kBytes = 1;
  INFERBENCH_AVX512 INFERBENCH_INLINE static __m512 load(const std::byte* at) {
    return e4m3_values(load16(at));
  }
};

struct E8m0Scale {
  static constexpr bool kGrouped = true;
  static constexpr std::size_t kBytes = 1;
  INFERBENCH_AVX512 INFERBENCH_INLINE static __m512 load(const std::byte* at) {
    return _mm512_castsi512_ps(_mm512_slli_epi32(_mm512_cvtepu8_epi32(load16(at)), 23));
  }
};

constexpr int panels_of(int rows) {
  if (rows <= 2) return 4;
  return rows <= 5 ? 2 : 1;
}

}  // namespace
}  // namespace inferbench

#include "kernels/gemm/coded_tiles.hpp"
#endif

namespace inferbench {

const TileSet& tiles_coded_avx512(const BlockFormat& format) {
#if INFERBENCH_X86
  return coded_tiles<panels_of, 12>(format);
#else
  static_cast<void>(format);
  return no_tiles();
#endif
}

}  // namespace inferbench
