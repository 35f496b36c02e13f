#pragma once

#include <vector>

#include "kernels/cpu/kernel.hpp"

namespace inferbench {

std::vector<Implementation> cuda_row_implementations();

}  // namespace inferbench
