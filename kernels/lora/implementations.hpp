#pragma once

#include <vector>

#include "kernels/cpu/kernel.hpp"

namespace inferbench {

std::vector<Op> lora_ops();

// AVX-512, AVX2, portable and the reference.
std::vector<Implementation> lora_implementations();

}  // namespace inferbench
