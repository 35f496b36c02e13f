#include <algorithm>
#include <cstring>

#include "kernels/collectives/combine.hpp"
#include "kernels/collectives/combine_elements.hpp"
#include "kernels/cpu/target.hpp"

#if INFERBENCH_X86
#define INFERBENCH_TARGET INFERBENCH_AVX2

namespace inferbench {
namespace {

// fp32 in registers, whatever lies in memory.
struct Floats {
  using Value = __m256;
  static constexpr std::size_t kLanes = 8;
  INFERBENCH_TARGET INFERBENCH_INLINE static Value add(Value a, Value b) {
    return _mm256_add_ps(a, b);
  }
  INFERBENCH_TARGET INFERBENCH_INLINE static Value max(Value a, Value b) {
    return _mm256_max_ps(a, b);
  }
  INFERBENCH_TARGET INFERBENCH_INLINE static Value min(Value a, Value b) {
    return _mm256_min_ps(a, b);
  }
  INFERBENCH_TARGET INFERBENCH_INLINE static Value divide(Value a, float divisor) {
    return _mm256_div_ps(a, _mm256_set1_ps(divisor));
  }
};

struct Fp32 : Floats, Fp32Element {
  INFERBENCH_TARGET INFERBENCH_INLINE static Value load(const float* p) {
    return _mm256_loadu_ps(p);
  }
  INFERBENCH_TARGET INFERBENCH_INLINE static void store(float* p, Value x) {
    _mm256_storeu_ps(p, x);
  }
};

struct Bf16 : Floats, Bf16Element {
  INFERBENCH_TARGET INFERBENCH_INLINE static Value load(const std::uint16_t* p) {
    const __m128i x = _mm_loadu_si128(reinterpret_cast<const __m128i*>(p));
    return _mm256_castsi256_ps(_mm256_slli_epi32(_mm256_cvtepu16_epi32(x), 16));
  }
  INFERBENCH_TARGET INFERBENCH_INLINE static void store(std::uint16_t* p, Value x);
};

struct Half : Floats, Fp16Element {
  INFERBENCH_TARGET INFERBENCH_INLINE static Value load(const std::uint16_t* p) {
    return _mm256_cvtph_ps(_mm_loadu_si128(reinterpret_cast<const __m128i*>(p)));
  }
  INFERBENCH_TARGET INFERBENCH_INLINE static void store(std::uint16_t* p, Value x) {
    _mm_storeu_si128(reinterpret_cast<__m128i*>(p),
                     _mm256_cvtps_ph(x, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC));
  }
};

struct Int32 : Int32Element {
  using Value = __m256i;
  static constexpr std::size_t kLanes = 8;
  INFERBENCH_TARGET INFERBENCH_INLINE static Value load(const std::int32_t* p) {
    return _mm256_loadu_si256(reinterpret_cast<const __m256i*>(p));
  }
  INFERBENCH_TARGET INFERBENCH_INLINE static void store(std::int32_t* p, Value x) {
    _mm256_storeu_si256(reinterpret_cast<__m256i*>(p), x);
  }
  INFERBENCH_TARGET INFERBENCH_INLINE static Value add(Value a, Value b) {
    return _mm256_add_epi32(a, b);
  }
  INFERBENCH_TARGET INFERBENCH_INLINE static Value max(Value a, Value b) {
    return _mm256_max_epi32(a, b);
  }
  INFERBENCH_TARGET INFERBENCH_INLINE static Value min(Value a, Value b) {
    return _mm256_min_epi32(a, b);
  }
  // No CPU divides vectors of integers.
  INFERBENCH_TARGET INFERBENCH_INLINE static Value divide(Value a, float divisor) {
    std::int32_t parts[kLanes];
    store(parts, a);
    for (std::int32_t& part : parts) part = divide_one(part, divisor);
    return load(parts);
  }
};

// To nearest even; a NaN stays one.
INFERBENCH_TARGET INFERBENCH_INLINE void Bf16::store(std::uint16_t* p, Value x) {
  const __m256i bits = _mm256_castps_si256(x);
  const __m256i odd = _mm256_and_si256(_mm256_srli_epi32(bits, 16), _mm256_set1_epi32(1));
  const __m256i rounded = _mm256_srli_epi32(
      _mm256_add_epi32(_mm256_add_epi32(bits, _mm256_set1_epi32(0x7FFF)), odd), 16);
  const __m256i quiet = _mm256_or_si256(_mm256_srli_epi32(bits, 16), _mm256_set1_epi32(0x40));
  const __m256i nan = _mm256_castps_si256(_mm256_cmp_ps(x, x, _CMP_UNORD_Q));
  const __m256i upper = _mm256_blendv_epi8(rounded, quiet, nan);
  const __m256i packed = _mm256_permute4x64_epi64(_mm256_packus_epi32(upper, upper), 0x08);
  _mm_storeu_si128(reinterpret_cast<__m128i*>(p), _mm256_castsi256_si128(packed));
}

}  // namespace
}  // namespace inferbench

// After the types that it uses.
#include "kernels/collectives/combine_body.hpp"

namespace inferbench {

CombineKernel combine_kernel_avx2(ElementType type, Reduction reduction) {
  return pick_kernel(type, reduction);
}

INFERBENCH_TARGET void copy_past_caches_avx2(std::byte* to, const std::byte* from,
                                             std::size_t bytes) {
  constexpr std::size_t kVector = 32;
  const std::size_t head = std::min(bytes, -reinterpret_cast<std::uintptr_t>(to) % kVector);
  std::memcpy(to, from, head);
  std::size_t i = head;
  for (; i + kVector <= bytes; i += kVector) {
    _mm256_stream_si256(reinterpret_cast<__m256i*>(to + i),
                        _mm256_loadu_si256(reinterpret_cast<const __m256i*>(from + i)));
  }
  std::memcpy(to + i, from + i, bytes - i);
  _mm_sfence();
}

}  // namespace inferbench

#else

namespace inferbench {

CombineKernel combine_kernel_avx2(ElementType, Reduction) {
  return nullptr;
}
void copy_past_caches_avx2(std::byte* to, const std::byte* from, std::size_t bytes) {
  std::memcpy(to, from, bytes);
}

}  // namespace inferbench

#endif
