#pragma once

#include <vector>

#include "kernels/cpu/kernel.hpp"

namespace inferbench {

// moe_route, moe_permute, moe_gemm, moe_combine and moe_layer, which is all of them.
std::vector<Op> moe_ops();

// Own kernels by instruction set and the reference. Own kernels give the same bits in any run, on
// any number of threads and for a token in any batch. Layers come fused and, as *_unfused, step by
// step; these two agree bit for bit.
std::vector<Implementation> moe_implementations();

}  // namespace inferbench
