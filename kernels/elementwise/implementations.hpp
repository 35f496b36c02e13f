#pragma once

#include <vector>

#include "kernels/cpu/kernel.hpp"

namespace inferbench {

// Operations on rows: see RowOp. A row is computed by one thread in one order, so own kernels are
// bit-identical between runs and thread counts.
std::vector<Op> row_ops();

// For each of them: AVX-512, AVX2, portable and the reference.
std::vector<Implementation> row_implementations();

// The work of a case of one of them, before its inputs are drawn.
Work row_work(const KernelCase& kernel_case);

}  // namespace inferbench
