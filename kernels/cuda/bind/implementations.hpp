#pragma once

#include <vector>

#include "kernels/cpu/kernel.hpp"

namespace inferbench {

// Every implementation on a GPU, in order of preference within its op.
std::vector<Implementation> cuda_implementations();

}  // namespace inferbench
