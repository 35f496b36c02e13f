#pragma once

#include <cstdint>
#include <cstring>

#include "kernels/cpu/target.hpp"

// Included by files that compile one body for each instruction set: vectors of fp32 and what
// attention and elementwise kernels need of them.
#define INFERBENCH_TARGET INFERBENCH_AVX2

namespace inferbench {
namespace {

struct Vec {
  using F = __m256;
  static constexpr int kLanes = 8;

  INFERBENCH_AVX2 INFERBENCH_INLINE static F load(const float* p) { return _mm256_loadu_ps(p); }
  INFERBENCH_AVX2 INFERBENCH_INLINE static void store(float* p, F x) { _mm256_storeu_ps(p, x); }
  INFERBENCH_AVX2 INFERBENCH_INLINE static F zero() { return _mm256_setzero_ps(); }
  INFERBENCH_AVX2 INFERBENCH_INLINE static F set1(float x) { return _mm256_set1_ps(x); }
  INFERBENCH_AVX2 INFERBENCH_INLINE static F add(F a, F b) { return _mm256_add_ps(a, b); }
  INFERBENCH_AVX2 INFERBENCH_INLINE static F sub(F a, F b) { return _mm256_sub_ps(a, b); }
  INFERBENCH_AVX2 INFERBENCH_INLINE static F mul(F a, F b) { return _mm256_mul_ps(a, b); }
  INFERBENCH_AVX2 INFERBENCH_INLINE static F div(F a, F b) { return _mm256_div_ps(a, b); }
  INFERBENCH_AVX2 INFERBENCH_INLINE static F max(F a, F b) { return _mm256_max_ps(a, b); }
  INFERBENCH_AVX2 INFERBENCH_INLINE static F fma(F a, F b, F c) { return _mm256_fmadd_ps(a, b, c); }
  INFERBENCH_AVX2 INFERBENCH_INLINE static float sum(F a) {
    const __m128 half = _mm_add_ps(_mm256_castps256_ps128(a), _mm256_extractf128_ps(a, 1));
    const __m128 quarter = _mm_add_ps(half, _mm_movehl_ps(half, half));
    return _mm_cvtss_f32(_mm_add_ss(quarter, _mm_movehdup_ps(quarter)));
  }
  INFERBENCH_AVX2 INFERBENCH_INLINE static float largest(F a) {
    const __m128 half = _mm_max_ps(_mm256_castps256_ps128(a), _mm256_extractf128_ps(a, 1));
    const __m128 quarter = _mm_max_ps(half, _mm_movehl_ps(half, half));
    return _mm_cvtss_f32(_mm_max_ss(quarter, _mm_movehdup_ps(quarter)));
  }

  INFERBENCH_AVX2 INFERBENCH_INLINE static F load_bf16(const std::uint16_t* p) {
    const __m128i x = _mm_loadu_si128(reinterpret_cast<const __m128i*>(p));
    return _mm256_castsi256_ps(_mm256_slli_epi32(_mm256_cvtepu16_epi32(x), 16));
  }
  INFERBENCH_AVX2 INFERBENCH_INLINE static F load_fp16(const std::uint16_t* p) {
    return _mm256_cvtph_ps(_mm_loadu_si128(reinterpret_cast<const __m128i*>(p)));
  }
  INFERBENCH_AVX2 INFERBENCH_INLINE static F load_int8(const std::uint8_t* p) {
    const __m128i x = _mm_loadl_epi64(reinterpret_cast<const __m128i*>(p));
    return _mm256_cvtepi32_ps(_mm256_cvtepi8_epi32(x));
  }
  // e5m2 is the upper byte of fp16.
  INFERBENCH_AVX2 INFERBENCH_INLINE static F load_e5m2(const std::uint8_t* p) {
    const __m128i x = _mm_loadl_epi64(reinterpret_cast<const __m128i*>(p));
    return _mm256_cvtph_ps(_mm_slli_epi16(_mm_cvtepu8_epi16(x), 8));
  }
  // e4m3's bits, seen as fp16, are 2^-8 of its value, denormals included; the factor is left to the
  // caller, who has a product to put it into. Its NaN is not one then: caches are written by a
  // conversion that saturates.
  INFERBENCH_AVX2 INFERBENCH_INLINE static F load_e4m3_raw(const std::uint8_t* p) {
    // Sign-extended, the sign is in place after the shift and also in the bit below it.
    const __m128i x = _mm_cvtepi8_epi16(_mm_loadl_epi64(reinterpret_cast<const __m128i*>(p)));
    const __m128i code = _mm_and_si128(_mm_slli_epi16(x, 7), _mm_set1_epi16(-0x4001));
    return _mm256_cvtph_ps(code);
  }

  INFERBENCH_AVX2 INFERBENCH_INLINE static F round(F x) {
    return _mm256_round_ps(x, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC);
  }
  // n in [-126, 127].
  INFERBENCH_AVX2 INFERBENCH_INLINE static F scale_by_power(F x, F n) {
    const __m256i bits =
        _mm256_slli_epi32(_mm256_add_epi32(_mm256_cvtps_epi32(n), _mm256_set1_epi32(127)), 23);
    return _mm256_mul_ps(x, _mm256_castsi256_ps(bits));
  }
  // x where `at` is at least `least`, else 0.
  INFERBENCH_AVX2 INFERBENCH_INLINE static F keep_from(F x, F at, F least) {
    return _mm256_and_ps(x, _mm256_cmp_ps(at, least, _CMP_GE_OQ));
  }

  // Lane i from lane i ^ kDistance.
  template <int kDistance>
  INFERBENCH_AVX2 INFERBENCH_INLINE static F swap(F x) {
    if constexpr (kDistance == 4) {
      return _mm256_permute2f128_ps(x, x, 1);
    } else {
      return _mm256_permute_ps(x, kDistance == 2 ? 0x4E : 0xB1);
    }
  }
  // a, but in the lanes whose index has (kHigh) or has not the bit kDistance, lane i ^ kDistance of
  // b: what transposes a matrix, distance by distance.
  template <int kDistance, bool kHigh>
  INFERBENCH_AVX2 INFERBENCH_INLINE static F merge_swapped(F a, F b) {
    constexpr int kLanesOf = kDistance == 4 ? 0xF0 : (kDistance == 2 ? 0xCC : 0xAA);
    return _mm256_blend_ps(a, swap<kDistance>(b), kHigh ? kLanesOf : 0xFF - kLanesOf);
  }
  // kPeriod floats, again and again.
  template <int kPeriod>
  INFERBENCH_AVX2 INFERBENCH_INLINE static F repeat(const float* p) {
    if constexpr (kPeriod == 8) {
      return load(p);
    } else if constexpr (kPeriod == 4) {
      return _mm256_broadcast_ps(reinterpret_cast<const __m128*>(p));
    } else if constexpr (kPeriod == 2) {
      double two;
      std::memcpy(&two, p, sizeof(two));
      return _mm256_castpd_ps(_mm256_set1_pd(two));
    } else {
      return set1(*p);
    }
  }
  // The sums of kCount vectors, a multiple of 4, side by side.
  template <int kCount>
  INFERBENCH_AVX2 INFERBENCH_INLINE static void store_sums(float* to, const F* x) {
    INFERBENCH_UNROLL
    for (int i = 0; i < kCount; i += 4) {
      const F ab = add(_mm256_unpacklo_ps(x[i], x[i + 1]), _mm256_unpackhi_ps(x[i], x[i + 1]));
      const F cd =
          add(_mm256_unpacklo_ps(x[i + 2], x[i + 3]), _mm256_unpackhi_ps(x[i + 2], x[i + 3]));
      const F lanes = add(_mm256_shuffle_ps(ab, cd, 0x44), _mm256_shuffle_ps(ab, cd, 0xEE));
      _mm_storeu_ps(to + i,
                    _mm_add_ps(_mm256_castps256_ps128(lanes), _mm256_extractf128_ps(lanes, 1)));
    }
  }
};

}  // namespace
}  // namespace inferbench
