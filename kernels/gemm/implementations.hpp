#pragma once

#include "kernels/cpu/kernel.hpp"

namespace inferbench {

Op gemm_op();

// Own kernels. Each output is one chain of sums in the order of k (of groups of k in int4 formats),
// so the result depends on neither threads nor blocking nor m: bit-identical between runs, thread
// counts and batch sizes. In fp32, and wherever sums are of integers and scaled once (w8a8), also
// between AVX2 and AVX-512.
Implementation gemm_avx512_bf16();
Implementation gemm_avx512_vnni();
Implementation gemm_avx512();
Implementation gemm_avx2();
Implementation gemm_portable();

// OpenBLAS, looked up when first asked for.
Implementation gemm_openblas();

Implementation gemm_reference();

}  // namespace inferbench
