#pragma once

#include <cstdint>

#include "kernels/cpu/target.hpp"

// Included by files that compile one body for each instruction set: vectors of fp32 and what
// attention and elementwise kernels need of them.
#define INFERBENCH_TARGET INFERBENCH_AVX512

namespace inferbench {
namespace {

struct Vec {
  using F = __m512;
  static constexpr int kLanes = 16;

  INFERBENCH_AVX512 INFERBENCH_INLINE static F load(const float* p) { return _mm512_loadu_ps(p); }
  INFERBENCH_AVX512 INFERBENCH_INLINE static void store(float* p, F x) { _mm512_storeu_ps(p, x); }
  INFERBENCH_AVX512 INFERBENCH_INLINE static F zero() { return _mm512_setzero_ps(); }
  INFERBENCH_AVX512 INFERBENCH_INLINE static F set1(float x) { return _mm512_set1_ps(x); }
  INFERBENCH_AVX512 INFERBENCH_INLINE static F add(F a, F b) { return _mm512_add_ps(a, b); }
  INFERBENCH_AVX512 INFERBENCH_INLINE static F sub(F a, F b) { return _mm512_sub_ps(a, b); }
  INFERBENCH_AVX512 INFERBENCH_INLINE static F mul(F a, F b) { return _mm512_mul_ps(a, b); }
  INFERBENCH_AVX512 INFERBENCH_INLINE static F div(F a, F b) { return _mm512_div_ps(a, b); }
  INFERBENCH_AVX512 INFERBENCH_INLINE static F max(F a, F b) { return _mm512_max_ps(a, b); }
  INFERBENCH_AVX512 INFERBENCH_INLINE static F fma(F a, F b, F c) {
    return _mm512_fmadd_ps(a, b, c);
  }
  INFERBENCH_AVX512 INFERBENCH_INLINE static float sum(F a) { return _mm512_reduce_add_ps(a); }
  INFERBENCH_AVX512 INFERBENCH_INLINE static float largest(F a) { return _mm512_reduce_max_ps(a); }

  INFERBENCH_AVX512 INFERBENCH_INLINE static F load_bf16(const std::uint16_t* p) {
    const __m256i x = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(p));
    return _mm512_castsi512_ps(_mm512_slli_epi32(_mm512_cvtepu16_epi32(x), 16));
  }
  INFERBENCH_AVX512 INFERBENCH_INLINE static F load_fp16(const std::uint16_t* p) {
    return _mm512_cvtph_ps(_mm256_loadu_si256(reinterpret_cast<const __m256i*>(p)));
  }
  INFERBENCH_AVX512 INFERBENCH_INLINE static F load_int8(const std::uint8_t* p) {
    const __m128i x = _mm_loadu_si128(reinterpret_cast<const __m128i*>(p));
    return _mm512_cvtepi32_ps(_mm512_cvtepi8_epi32(x));
  }
  // e5m2 is the upper byte of fp16.
  INFERBENCH_AVX512 INFERBENCH_INLINE static F load_e5m2(const std::uint8_t* p) {
    const __m128i x = _mm_loadu_si128(reinterpret_cast<const __m128i*>(p));
    return _mm512_cvtph_ps(_mm256_slli_epi16(_mm256_cvtepu8_epi16(x), 8));
  }
  // e4m3's bits, seen as fp16, are 2^-8 of its value, denormals included. Its NaN is not one then:
  // caches are written by a conversion that saturates.
  INFERBENCH_AVX512 INFERBENCH_INLINE static F load_e4m3(const std::uint8_t* p) {
    const __m256i x = _mm256_cvtepu8_epi16(_mm_loadu_si128(reinterpret_cast<const __m128i*>(p)));
    const __m256i sign = _mm256_slli_epi16(_mm256_and_si256(x, _mm256_set1_epi16(0x80)), 8);
    const __m256i rest = _mm256_slli_epi16(_mm256_and_si256(x, _mm256_set1_epi16(0x7F)), 7);
    return _mm512_mul_ps(_mm512_cvtph_ps(_mm256_or_si256(sign, rest)), _mm512_set1_ps(256.0F));
  }

  INFERBENCH_AVX512 INFERBENCH_INLINE static F round(F x) {
    return _mm512_roundscale_ps(x, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC);
  }
  INFERBENCH_AVX512 INFERBENCH_INLINE static F scale_by_power(F x, F n) {
    return _mm512_scalef_ps(x, n);
  }
  // x where `at` is at least `least`, else 0.
  INFERBENCH_AVX512 INFERBENCH_INLINE static F keep_from(F x, F at, F least) {
    return _mm512_maskz_mov_ps(_mm512_cmp_ps_mask(at, least, _CMP_GE_OQ), x);
  }

  // The sums of four vectors, side by side.
  INFERBENCH_AVX512 INFERBENCH_INLINE static __m128 sums(F a, F b, F c, F d) {
    const __m512 ab = _mm512_add_ps(_mm512_unpacklo_ps(a, b), _mm512_unpackhi_ps(a, b));
    const __m512 cd = _mm512_add_ps(_mm512_unpacklo_ps(c, d), _mm512_unpackhi_ps(c, d));
    const __m512 lanes =
        _mm512_add_ps(_mm512_shuffle_ps(ab, cd, 0x44), _mm512_shuffle_ps(ab, cd, 0xEE));
    const __m256 half =
        _mm256_add_ps(_mm512_castps512_ps256(lanes), _mm512_extractf32x8_ps(lanes, 1));
    return _mm_add_ps(_mm256_castps256_ps128(half), _mm256_extractf128_ps(half, 1));
  }
};

}  // namespace
}  // namespace inferbench
