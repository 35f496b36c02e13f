#pragma once

#include <vector>

#include "kernels/cpu/kernel.hpp"

namespace inferbench {

// Products by the module's kernels.
std::vector<Implementation> cuda_gemm_implementations();

}  // namespace inferbench
