#pragma once

#include <string>

#include "kernels/cpu/kernel.hpp"

namespace inferbench {

// What can be told of a case of any op before its inputs are drawn.

// Its work: what Problem::work() will say. Choices of experts, adapters and contexts are drawn for
// it, which is quick; those of MoE batches with more than 2^18 router logits are expected
// values instead. Throws Error for axes that do not fit together.
Work foreseen_work(const KernelCase& kernel);

// Bytes of memory, about: inputs as drawn, an implementation's own form of them, outputs.
double foreseen_memory(const KernelCase& kernel);

// Operations of the reference, about: a FLOP, a byte or a comparison of its sort each.
double foreseen_reference_steps(const KernelCase& kernel);

// "gemm fp32 m=16 n=4096 k=4096", axes in the op's order, those at their presets included.
std::string case_text(const KernelCase& kernel);

}  // namespace inferbench
