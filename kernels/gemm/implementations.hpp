#pragma once

#include "kernels/cpu/kernel.hpp"

namespace inferbench {

Op gemm_op();

// Own kernels. Each output element is one chain of fused multiply-adds in the order of k, so the
// result depends on neither threads nor blocking nor m: bit-identical between runs, thread counts,
// batch sizes, and between these two.
Implementation gemm_avx512();
Implementation gemm_avx2();

// OpenBLAS, looked up when first asked for.
Implementation gemm_openblas();

// One loop per axis.
Implementation gemm_reference();

}  // namespace inferbench
