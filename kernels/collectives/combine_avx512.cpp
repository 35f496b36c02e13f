#include <algorithm>
#include <cstring>

#include "kernels/collectives/combine.hpp"
#include "kernels/collectives/combine_elements.hpp"
#include "kernels/cpu/target.hpp"

#if INFERBENCH_X86
#define INFERBENCH_TARGET INFERBENCH_AVX512

namespace inferbench {
namespace {

// fp32 in registers, whatever lies in memory.
struct Floats {
  using Value = __m512;
  static constexpr std::size_t kLanes = 16;
  INFERBENCH_TARGET INFERBENCH_INLINE static Value add(Value a, Value b) {
    return _mm512_add_ps(a, b);
  }
  INFERBENCH_TARGET INFERBENCH_INLINE static Value max(Value a, Value b) {
    return _mm512_max_ps(a, b);
  }
  INFERBENCH_TARGET INFERBENCH_INLINE static Value min(Value a, Value b) {
    return _mm512_min_ps(a, b);
  }
  INFERBENCH_TARGET INFERBENCH_INLINE static Value divide(Value a, float divisor) {
    return _mm512_div_ps(a, _mm512_set1_ps(divisor));
  }
};

struct Fp32 : Floats, Fp32Element {
  INFERBENCH_TARGET INFERBENCH_INLINE static Value load(const float* p) {
    return _mm512_loadu_ps(p);
  }
  INFERBENCH_TARGET INFERBENCH_INLINE static void store(float* p, Value x) {
    _mm512_storeu_ps(p, x);
  }
};

struct Bf16 : Floats, Bf16Element {
  INFERBENCH_TARGET INFERBENCH_INLINE static Value load(const std::uint16_t* p) {
    const __m256i x = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(p));
    return _mm512_castsi512_ps(_mm512_slli_epi32(_mm512_cvtepu16_epi32(x), 16));
  }
  INFERBENCH_TARGET INFERBENCH_INLINE static void store(std::uint16_t* p, Value x);
};

struct Half : Floats, Fp16Element {
  INFERBENCH_TARGET INFERBENCH_INLINE static Value load(const std::uint16_t* p) {
    return _mm512_cvtph_ps(_mm256_loadu_si256(reinterpret_cast<const __m256i*>(p)));
  }
  INFERBENCH_TARGET INFERBENCH_INLINE static void store(std::uint16_t* p, Value x) {
    _mm256_storeu_si256(reinterpret_cast<__m256i*>(p),
                        _mm512_cvtps_ph(x, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC));
  }
};

struct Int32 : Int32Element {
  using Value = __m512i;
  static constexpr std::size_t kLanes = 16;
  INFERBENCH_TARGET INFERBENCH_INLINE static Value load(const std::int32_t* p) {
    return _mm512_loadu_si512(reinterpret_cast<const __m512i*>(p));
  }
  INFERBENCH_TARGET INFERBENCH_INLINE static void store(std::int32_t* p, Value x) {
    _mm512_storeu_si512(reinterpret_cast<__m512i*>(p), x);
  }
  INFERBENCH_TARGET INFERBENCH_INLINE static Value add(Value a, Value b) {
    return _mm512_add_epi32(a, b);
  }
  INFERBENCH_TARGET INFERBENCH_INLINE static Value max(Value a, Value b) {
    return _mm512_max_epi32(a, b);
  }
  INFERBENCH_TARGET INFERBENCH_INLINE static Value min(Value a, Value b) {
    return _mm512_min_epi32(a, b);
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
  const __m512i bits = _mm512_castps_si512(x);
  const __m512i odd = _mm512_and_si512(_mm512_srli_epi32(bits, 16), _mm512_set1_epi32(1));
  const __m512i rounded = _mm512_srli_epi32(
      _mm512_add_epi32(_mm512_add_epi32(bits, _mm512_set1_epi32(0x7FFF)), odd), 16);
  const __m512i quiet = _mm512_or_si512(_mm512_srli_epi32(bits, 16), _mm512_set1_epi32(0x40));
  const __mmask16 nan = _mm512_cmp_ps_mask(x, x, _CMP_UNORD_Q);
  const __m512i upper = _mm512_mask_mov_epi32(rounded, nan, quiet);
  _mm256_storeu_si256(reinterpret_cast<__m256i*>(p), _mm512_cvtepi32_epi16(upper));
}

}  // namespace
}  // namespace inferbench

// After the types that it uses.
#include "kernels/collectives/combine_body.hpp"

namespace inferbench {

CombineKernel combine_kernel_avx512(ElementType type, Reduction reduction) {
  return pick_kernel(type, reduction);
}

INFERBENCH_TARGET void copy_past_caches_avx512(std::byte* to, const std::byte* from,
                                               std::size_t bytes) {
  constexpr std::size_t kVector = 64;
  const std::size_t head = std::min(bytes, -reinterpret_cast<std::uintptr_t>(to) % kVector);
  std::memcpy(to, from, head);
  std::size_t i = head;
  for (; i + kVector <= bytes; i += kVector) {
    _mm512_stream_si512(reinterpret_cast<__m512i*>(to + i),
                        _mm512_loadu_si512(reinterpret_cast<const __m512i*>(from + i)));
  }
  std::memcpy(to + i, from + i, bytes - i);
  _mm_sfence();
}

}  // namespace inferbench

#else

namespace inferbench {

CombineKernel combine_kernel_avx512(ElementType, Reduction) {
  return nullptr;
}
void copy_past_caches_avx512(std::byte* to, const std::byte* from, std::size_t bytes) {
  std::memcpy(to, from, bytes);
}

}  // namespace inferbench

#endif
