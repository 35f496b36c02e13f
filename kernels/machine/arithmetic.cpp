#include "kernels/machine/arithmetic.hpp"

#include <cstddef>
#include <iterator>

#if defined(__x86_64__)
#include <immintrin.h>
#endif

namespace inferbench {
namespace {

constexpr int kAccumulators = 12;  // hide 4 to 5 cycles of latency on 2 ports, and fit 16 registers
// Of integer loops in AVX2: additions take one cycle, and more would be spilled to the stack.
constexpr int kIntegerAccumulators = 8;

// Vectors of 128 bits, which the compiler has on every CPU; it must not fuse, so two operations
// each.
double fma_portable(std::int64_t iterations) {
  using Vector [[gnu::vector_size(16)]] = float;
  Vector sums[kAccumulators];
  for (Vector& sum : sums) sum = Vector{0.5F, 0.5F, 0.5F, 0.5F};
  const Vector factor = {0.999F, 0.999F, 0.999F, 0.999F}, addend = {1e-3F, 1e-3F, 1e-3F, 1e-3F};
  for (std::int64_t i = 0; i < iterations; ++i) {
#pragma GCC unroll 12
    for (int a = 0; a < kAccumulators; ++a) sums[a] = sums[a] * factor + addend;
  }
  double total = 0;
  for (const Vector& sum : sums) total += static_cast<double>(sum[0]);
  return total;
}

#if defined(__x86_64__)

__attribute__((target("avx2,fma"))) double fma_avx2(std::int64_t iterations) {
  __m256 sums[kAccumulators];
  for (__m256& sum : sums) sum = _mm256_set1_ps(0.5F);
  const __m256 factor = _mm256_set1_ps(0.999F), addend = _mm256_set1_ps(1e-3F);
  for (std::int64_t i = 0; i < iterations; ++i) {
#pragma GCC unroll 12
    for (int a = 0; a < kAccumulators; ++a) sums[a] = _mm256_fmadd_ps(sums[a], factor, addend);
  }
  double total = 0;
  for (const __m256& sum : sums) total += static_cast<double>(_mm256_cvtss_f32(sum));
  return total;
}

__attribute__((target("avx512f"))) double fma_avx512(std::int64_t iterations) {
  __m512 sums[kAccumulators];
  for (__m512& sum : sums) sum = _mm512_set1_ps(0.5F);
  const __m512 factor = _mm512_set1_ps(0.999F), addend = _mm512_set1_ps(1e-3F);
  for (std::int64_t i = 0; i < iterations; ++i) {
#pragma GCC unroll 12
    for (int a = 0; a < kAccumulators; ++a) sums[a] = _mm512_fmadd_ps(sums[a], factor, addend);
  }
  double total = 0;
  for (const __m512& sum : sums) total += static_cast<double>(_mm512_cvtss_f32(sum));
  return total;
}

__attribute__((target("avx512f,avx512bf16"))) double bf16_avx512(std::int64_t iterations) {
  __m512 sums[kAccumulators];
  for (__m512& sum : sums) sum = _mm512_set1_ps(0.5F);
  const __m512 halves = _mm512_set1_ps(0.5F);
  const __m512bh a_values = _mm512_cvtne2ps_pbh(halves, halves);
  for (std::int64_t i = 0; i < iterations; ++i) {
#pragma GCC unroll 12
    for (int a = 0; a < kAccumulators; ++a) {
      sums[a] = _mm512_dpbf16_ps(sums[a], a_values, a_values);
    }
  }
  double total = 0;
  for (const __m512& sum : sums) total += static_cast<double>(_mm512_cvtss_f32(sum));
  return total;
}

// Exact only while one side has 7 bits: pairs are summed in 16.
__attribute__((target("avx2"))) double int8_avx2(std::int64_t iterations) {
  __m256i sums[kIntegerAccumulators];
  for (__m256i& sum : sums) sum = _mm256_setzero_si256();
  const __m256i ones = _mm256_set1_epi16(1);
  __m256i unsigned_bytes = _mm256_set1_epi8(3);
  const __m256i signed_bytes = _mm256_set1_epi8(-2);
  for (std::int64_t i = 0; i < iterations; ++i) {
#pragma GCC unroll 8
    for (int a = 0; a < kIntegerAccumulators; ++a) {
      // Without it the products, the same ones every time, would be computed once.
      asm volatile("" : "+x"(unsigned_bytes));
      const __m256i pairs = _mm256_maddubs_epi16(unsigned_bytes, signed_bytes);
      sums[a] = _mm256_add_epi32(sums[a], _mm256_madd_epi16(pairs, ones));
    }
  }
  double total = 0;
  for (const __m256i& sum : sums) total += _mm256_extract_epi32(sum, 0);
  return total;
}

__attribute__((target("avx2"))) double int16_avx2(std::int64_t iterations) {
  __m256i sums[kIntegerAccumulators];
  for (__m256i& sum : sums) sum = _mm256_setzero_si256();
  __m256i a_values = _mm256_set1_epi16(3);
  const __m256i b_values = _mm256_set1_epi16(-2);
  for (std::int64_t i = 0; i < iterations; ++i) {
#pragma GCC unroll 8
    for (int a = 0; a < kIntegerAccumulators; ++a) {
      asm volatile("" : "+x"(a_values));  // as above
      sums[a] = _mm256_add_epi32(sums[a], _mm256_madd_epi16(a_values, b_values));
    }
  }
  double total = 0;
  for (const __m256i& sum : sums) total += _mm256_extract_epi32(sum, 0);
  return total;
}

__attribute__((target("avx512f,avx512vnni"))) double int8_vnni(std::int64_t iterations) {
  __m512i sums[kAccumulators];
  for (__m512i& sum : sums) sum = _mm512_setzero_si512();
  const __m512i unsigned_bytes = _mm512_set1_epi8(3), signed_bytes = _mm512_set1_epi8(-2);
  for (std::int64_t i = 0; i < iterations; ++i) {
#pragma GCC unroll 12
    for (int a = 0; a < kAccumulators; ++a) {
      sums[a] = _mm512_dpbusd_epi32(sums[a], unsigned_bytes, signed_bytes);
    }
  }
  double total = 0;
  for (const __m512i& sum : sums) {
    total += _mm256_extract_epi32(_mm512_castsi512_si256(sum), 0);
  }
  return total;
}

#endif

constexpr ArithmeticLoop kLoops[] = {
    {"fma_fp32_portable", "fp32 multiply and add, 128 bit", "GFLOP/s", Isa::portable,
     2 * 4 * kAccumulators, fma_portable},
#if defined(__x86_64__)
    {"fma_fp32_avx2", "fp32 fused multiply-add, 256 bit", "GFLOP/s", Isa::avx2,
     2 * 8 * kAccumulators, fma_avx2},
    {"fma_fp32_avx512", "fp32 fused multiply-add, 512 bit", "GFLOP/s", Isa::avx512,
     2 * 16 * kAccumulators, fma_avx512},
    {"dot_bf16_avx512", "bf16 pairs summed in fp32, 512 bit", "GFLOP/s", Isa::avx512_bf16,
     2 * 32 * kAccumulators, bf16_avx512},
    {"dot_int8_avx2", "u8 x s8 pairs in 16 bit, summed in 32, 256 bit", "GOP/s", Isa::avx2,
     2 * 32 * kIntegerAccumulators, int8_avx2},
    {"dot_int16_avx2", "s16 pairs summed in 32 bit, 256 bit", "GOP/s", Isa::avx2,
     2 * 16 * kIntegerAccumulators, int16_avx2},
    {"dot_int8_vnni", "u8 x s8 quadruples summed in 32 bit, 512 bit", "GOP/s", Isa::avx512_vnni,
     2 * 64 * kAccumulators, int8_vnni},
#endif
};

}  // namespace

const ArithmeticLoop* arithmetic_loops(std::size_t& count) {
  count = std::size(kLoops);
  return kLoops;
}

}  // namespace inferbench
