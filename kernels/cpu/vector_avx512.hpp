#pragma once

#include <cstdint>
#include <cstring>

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
  // 2^-8 of its value; see Vec of AVX2.
  INFERBENCH_AVX512 INFERBENCH_INLINE static F load_e4m3_raw(const std::uint8_t* p) {
    const __m256i x = _mm256_cvtepi8_epi16(_mm_loadu_si128(reinterpret_cast<const __m128i*>(p)));
    const __m256i code = _mm256_and_si256(_mm256_slli_epi16(x, 7), _mm256_set1_epi16(-0x4001));
    return _mm512_cvtph_ps(code);
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

  // Lane i from lane i ^ kDistance.
  template <int kDistance>
  INFERBENCH_AVX512 INFERBENCH_INLINE static F swap(F x) {
    if constexpr (kDistance >= 4) {
      return _mm512_shuffle_f32x4(x, x, kDistance == 8 ? 0x4E : 0xB1);
    } else {
      return _mm512_permute_ps(x, kDistance == 2 ? 0x4E : 0xB1);
    }
  }
  // See Vec of AVX2.
  template <int kDistance, bool kHigh>
  INFERBENCH_AVX512 INFERBENCH_INLINE static F merge_swapped(F a, F b) {
    constexpr unsigned kHighLanes = kDistance == 8   ? 0xFF00
                                    : kDistance == 4 ? 0xF0F0
                                    : kDistance == 2 ? 0xCCCC
                                                     : 0xAAAA;
    constexpr auto kTaken = static_cast<__mmask16>(kHigh ? kHighLanes : 0xFFFFU - kHighLanes);
    if constexpr (kDistance >= 4) {
      return _mm512_mask_shuffle_f32x4(a, kTaken, b, b, kDistance == 8 ? 0x4E : 0xB1);
    } else {
      return _mm512_mask_permute_ps(a, kTaken, b, kDistance == 2 ? 0x4E : 0xB1);
    }
  }
  // kPeriod floats, again and again.
  template <int kPeriod>
  INFERBENCH_AVX512 INFERBENCH_INLINE static F repeat(const float* p) {
    if constexpr (kPeriod == 8) {
      return _mm512_broadcast_f32x8(_mm256_loadu_ps(p));
    } else if constexpr (kPeriod == 4) {
      return _mm512_broadcast_f32x4(_mm_loadu_ps(p));
    } else if constexpr (kPeriod == 2) {
      double two;
      std::memcpy(&two, p, sizeof(two));
      return _mm512_castpd_ps(_mm512_set1_pd(two));
    } else {
      return set1(*p);
    }
  }
  // The sums of kCount vectors, a multiple of 4, side by side.
  template <int kCount>
  INFERBENCH_AVX512 INFERBENCH_INLINE static void store_sums(float* to, const F* x) {
    F lanes[kCount / 4];  // each 128 bit lane: a part of four sums
    INFERBENCH_UNROLL
    for (int i = 0; i < kCount / 4; ++i) {
      const F ab = add(_mm512_unpacklo_ps(x[4 * i], x[4 * i + 1]),
                       _mm512_unpackhi_ps(x[4 * i], x[4 * i + 1]));
      const F cd = add(_mm512_unpacklo_ps(x[4 * i + 2], x[4 * i + 3]),
                       _mm512_unpackhi_ps(x[4 * i + 2], x[4 * i + 3]));
      lanes[i] = add(_mm512_shuffle_ps(ab, cd, 0x44), _mm512_shuffle_ps(ab, cd, 0xEE));
    }
    if constexpr (kCount == 16) {
      store(to, fold_lanes(fold_lanes(lanes[0], lanes[1]), fold_lanes(lanes[2], lanes[3])));
    } else {
      static_assert(kCount == 8);
      const F both = fold_lanes(lanes[0], lanes[1]);
      const F halves = fold_lanes(both, both);
      _mm256_storeu_ps(to, _mm512_castps512_ps256(halves));
    }
  }

 private:
  // Lanes 0 + 1 and 2 + 3 of a, then of b.
  INFERBENCH_AVX512 INFERBENCH_INLINE static F fold_lanes(F a, F b) {
    return add(_mm512_shuffle_f32x4(a, b, 0x88), _mm512_shuffle_f32x4(a, b, 0xDD));
  }
};

}  // namespace
}  // namespace inferbench
