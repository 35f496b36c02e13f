#include "kernels/gemm/rows.hpp"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>

#include "kernels/cpu/convert.hpp"
#include "kernels/cpu/target.hpp"

namespace inferbench {
namespace {

constexpr float kFp16Most = 65504.0F;

std::uint16_t saturated_fp16(float x) {
  return float_to_fp16(std::clamp(x, -kFp16Most, kFp16Most));
}

// What u8 activations of magnitude `largest` have added.
int offset_of(TileSet::Activations type, int largest) {
  return type == TileSet::Activations::u8 ? largest + 1 : 0;
}

void store_integer(std::byte* to, std::int64_t i, int value, TileSet::Activations type,
                   int offset) {
  if (type == TileSet::Activations::s16) {
    const auto wide = static_cast<std::int16_t>(value);
    std::memcpy(to + 2 * i, &wide, sizeof(wide));
  } else {
    to[i] = static_cast<std::byte>(value + offset);
  }
}

namespace plain {

void widen_bf16(const std::uint16_t* from, std::int64_t k, float* to) {
  for (std::int64_t i = 0; i < k; ++i) to[i] = bf16_to_float(from[i]);
}

void widen_fp16(const std::uint16_t* from, std::int64_t k, float* to) {
  for (std::int64_t i = 0; i < k; ++i) to[i] = fp16_to_float(from[i]);
}

void narrow_bf16(const float* from, std::int64_t k, std::uint16_t* to) {
  for (std::int64_t i = 0; i < k; ++i) to[i] = float_to_bf16(from[i]);
}

void narrow_fp16(const float* from, std::int64_t k, std::uint16_t* to) {
  for (std::int64_t i = 0; i < k; ++i) to[i] = saturated_fp16(from[i]);
}

float quantise(const float* from, std::int64_t k, TileSet::Activations type, int most,
               std::byte* to) {
  const auto top = static_cast<float>(most);
  float largest = 0;
  for (std::int64_t i = 0; i < k; ++i) largest = std::max(largest, std::abs(from[i]));
  const bool zero = largest < std::numeric_limits<float>::min();
  const float to_integer = zero ? 0 : std::min(top / largest, std::numeric_limits<float>::max());
  for (std::int64_t i = 0; i < k; ++i) {
    store_integer(to, i, static_cast<int>(std::nearbyint(from[i] * to_integer)), type,
                  offset_of(type, most));
  }
  return zero ? 0 : largest / top;
}

}  // namespace plain

#if INFERBENCH_X86

INFERBENCH_AVX2 void widen_bf16(const std::uint16_t* from, std::int64_t k, float* to) {
  std::int64_t i = 0;
  for (; i + 8 <= k; i += 8) {
    const __m128i x = _mm_loadu_si128(reinterpret_cast<const __m128i*>(from + i));
    const __m256i wide = _mm256_slli_epi32(_mm256_cvtepu16_epi32(x), 16);
    _mm256_storeu_ps(to + i, _mm256_castsi256_ps(wide));
  }
  for (; i < k; ++i) to[i] = bf16_to_float(from[i]);
}

INFERBENCH_AVX2 void widen_fp16(const std::uint16_t* from, std::int64_t k, float* to) {
  std::int64_t i = 0;
  for (; i + 8 <= k; i += 8) {
    const __m128i x = _mm_loadu_si128(reinterpret_cast<const __m128i*>(from + i));
    _mm256_storeu_ps(to + i, _mm256_cvtph_ps(x));
  }
  for (; i < k; ++i) to[i] = fp16_to_float(from[i]);
}

INFERBENCH_AVX2 float largest_magnitude(const float* x, std::int64_t k) {
  const __m256 magnitude = _mm256_castsi256_ps(_mm256_set1_epi32(0x7FFFFFFF));
  __m256 largest = _mm256_setzero_ps();
  std::int64_t i = 0;
  for (; i + 8 <= k; i += 8) {
    largest = _mm256_max_ps(largest, _mm256_and_ps(magnitude, _mm256_loadu_ps(x + i)));
  }
  float lanes[8];
  _mm256_storeu_ps(lanes, largest);
  float result = *std::max_element(lanes, lanes + 8);
  for (; i < k; ++i) result = std::max(result, std::abs(x[i]));
  return result;
}

// 32 bit integers keep the rounding of float_to_bf16.
INFERBENCH_AVX2 void narrow_bf16(const float* from, std::int64_t k, std::uint16_t* to) {
  const __m256i half = _mm256_set1_epi32(0x7FFF), one = _mm256_set1_epi32(1);
  std::int64_t i = 0;
  for (; i + 8 <= k; i += 8) {
    const __m256 x = _mm256_loadu_ps(from + i);
    const __m256i bits = _mm256_castps_si256(x);
    const __m256i even = _mm256_and_si256(_mm256_srli_epi32(bits, 16), one);
    const __m256i rounded = _mm256_add_epi32(bits, _mm256_add_epi32(half, even));
    const __m256i nan = _mm256_castps_si256(_mm256_cmp_ps(x, x, _CMP_UNORD_Q));
    const __m256i quiet = _mm256_or_si256(bits, _mm256_set1_epi32(0x400000));
    const __m256i high = _mm256_srli_epi32(_mm256_blendv_epi8(rounded, quiet, nan), 16);
    const __m128i narrow =
        _mm_packus_epi32(_mm256_castsi256_si128(high), _mm256_extracti128_si256(high, 1));
    _mm_storeu_si128(reinterpret_cast<__m128i*>(to + i), narrow);
  }
  for (; i < k; ++i) to[i] = float_to_bf16(from[i]);
}

INFERBENCH_AVX2 void narrow_fp16(const float* from, std::int64_t k, std::uint16_t* to) {
  const __m256 most = _mm256_set1_ps(kFp16Most), least = _mm256_set1_ps(-kFp16Most);
  std::int64_t i = 0;
  for (; i + 8 <= k; i += 8) {
    const __m256 x = _mm256_loadu_ps(from + i);
    const __m256 kept = _mm256_max_ps(least, _mm256_min_ps(most, x));
    _mm_storeu_si128(reinterpret_cast<__m128i*>(to + i),
                     _mm256_cvtps_ph(kept, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC));
  }
  for (; i < k; ++i) to[i] = saturated_fp16(from[i]);
}

INFERBENCH_AVX2 float quantise(const float* from, std::int64_t k, TileSet::Activations type,
                               int most, std::byte* to) {
  const auto top = static_cast<float>(most);
  const float largest = largest_magnitude(from, k);
  const bool zero = largest < std::numeric_limits<float>::min();
  const float to_integer = zero ? 0 : std::min(top / largest, std::numeric_limits<float>::max());
  const __m256 factor = _mm256_set1_ps(to_integer);
  const __m128i offset = _mm_set1_epi8(static_cast<char>(offset_of(type, most)));
  std::int64_t i = 0;
  for (; i + 16 <= k; i += 16) {
    const __m256i a = _mm256_cvtps_epi32(_mm256_mul_ps(_mm256_loadu_ps(from + i), factor));
    const __m256i b = _mm256_cvtps_epi32(_mm256_mul_ps(_mm256_loadu_ps(from + i + 8), factor));
    // Packing works within 128 bit lanes; the permutation restores the order.
    const __m256i wide = _mm256_permute4x64_epi64(_mm256_packs_epi32(a, b), 0xD8);
    if (type == TileSet::Activations::s16) {
      _mm256_storeu_si256(reinterpret_cast<__m256i*>(to + 2 * i), wide);
    } else {
      const __m128i bytes =
          _mm_packs_epi16(_mm256_castsi256_si128(wide), _mm256_extracti128_si256(wide, 1));
      _mm_storeu_si128(reinterpret_cast<__m128i*>(to + i), _mm_add_epi8(bytes, offset));
    }
  }
  for (; i < k; ++i) {
    store_integer(to, i, static_cast<int>(std::nearbyint(from[i] * to_integer)), type,
                  offset_of(type, most));
  }
  return zero ? 0 : largest / top;
}

constexpr RowKernels kFast = {widen_bf16, widen_fp16, narrow_bf16, narrow_fp16, quantise};

#endif

constexpr RowKernels kPlain = {plain::widen_bf16, plain::widen_fp16, plain::narrow_bf16,
                               plain::narrow_fp16, plain::quantise};

}  // namespace

const RowKernels& row_kernels(Isa level) {
#if INFERBENCH_X86
  if (level != Isa::portable) return kFast;
#endif
  static_cast<void>(level);
  return kPlain;
}

void pair_up(const std::uint16_t* from, std::int64_t k, std::uint16_t* to) {
  constexpr int kOrder[8] = {0, 2, 4, 6, 1, 3, 5, 7};
  std::int64_t i = 0;
  for (; i + 8 <= k; i += 8) {
    for (const int at : kOrder) *to++ = from[i + at];
  }
  if (i == k) return;
  for (const int at : kOrder) *to++ = i + at < k ? from[i + at] : std::uint16_t{0};
}

void group_sums(const std::int8_t* values, std::int64_t k, int group, float* sums) {
  for (std::int64_t from = 0; from < k; from += group) {
    const std::int64_t end = std::min(k, from + group);
    int sum = 0;
    for (std::int64_t i = from; i < end; ++i) sum += values[i];
    *sums++ = static_cast<float>(sum);
  }
}

}  // namespace inferbench
