#pragma once

#include <cstddef>
#include <string_view>
#include <vector>

#include "kernels/gemm/weights.hpp"

namespace inferbench {

// Weights as a CUDA kernel reads them: what a call's `weights`, `scale` and `zero` point to.
struct StoredWeights {
  std::vector<std::byte> weights, scale, zero;  // scale and zero may be empty
};

// For the kernel of that name (kernels/cuda/module/kernel_list.cpp): skinny_w8a16 and
// skinny_w4a16 as SkinnyPacked, all others row major. Throws Error for a format that no CUDA kernel
// reads.
StoredWeights stored_weights(std::string_view kernel, const GemmWeights& weights);

}  // namespace inferbench
