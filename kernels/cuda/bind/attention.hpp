#pragma once

#include <vector>

#include "kernels/cpu/kernel.hpp"

namespace inferbench {

// Prefill and paged decode by the module's kernels.
std::vector<Implementation> cuda_attention_implementations();

}  // namespace inferbench
