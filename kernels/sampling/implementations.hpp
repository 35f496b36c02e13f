#pragma once

#include <vector>

#include "kernels/cpu/kernel.hpp"

namespace inferbench {

// sample (temperature alone), sample_top_k, sample_top_p. Greedy sampling is also the row op
// argmax.
std::vector<Op> sampling_ops();

// For each of them: AVX-512, AVX2, portable and the reference. All give the same tokens.
std::vector<Implementation> sampling_implementations();

}  // namespace inferbench
