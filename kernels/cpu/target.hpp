#pragma once

// Attributes of functions that use one instruction set. The build has no -march flag, so a binary
// runs anywhere and such functions are called only after asking supports(Isa).
#if defined(__x86_64__)
#define INFERBENCH_X86 1
#include <immintrin.h>
#define INFERBENCH_AVX2 __attribute__((target("avx2,fma,f16c")))
#define INFERBENCH_AVX512 \
  __attribute__((target("avx2,fma,f16c,avx512f,avx512bw,avx512dq,avx512vl")))
#define INFERBENCH_AVX512_VNNI \
  __attribute__((target("avx2,fma,f16c,avx512f,avx512bw,avx512dq,avx512vl,avx512vnni")))
#define INFERBENCH_AVX512_BF16                                              \
  __attribute__((                                                           \
      target("avx2,fma,f16c,avx512f,avx512bw,avx512dq,avx512vl,avx512vnni," \
             "avx512bf16")))
// Integer sums in vectors of int: gcc 12 keeps arrays of __m512i (vectors of long long) that are
// added to as ints in memory, and stores every one of them in every iteration.
using Ints16 = int __attribute__((vector_size(64)));
using Shorts16 = short __attribute__((vector_size(32)));
using Ints8 = int __attribute__((vector_size(32)));
#else
#define INFERBENCH_X86 0
#endif

#define INFERBENCH_INLINE inline __attribute__((always_inline))

// Loops over accumulators held in registers must be unrolled completely, or the compiler keeps
// them in memory.
#if defined(__clang__)
#define INFERBENCH_UNROLL _Pragma("clang loop unroll(full)")
#else
#define INFERBENCH_UNROLL _Pragma("GCC unroll 64")
#endif
