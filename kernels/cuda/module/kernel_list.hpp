#pragma once

#include <span>

#include "kernels/cuda/module.h"

namespace inferbench_cuda {

// Every kernel of ours that a program can ask for by name.
std::span<const InferbenchCudaKernel> kernel_list();

}  // namespace inferbench_cuda
