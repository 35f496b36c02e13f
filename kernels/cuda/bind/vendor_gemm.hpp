#pragma once

#include "kernels/cpu/kernel.hpp"

namespace inferbench {

Implementation cublaslt_gemm();

}  // namespace inferbench
