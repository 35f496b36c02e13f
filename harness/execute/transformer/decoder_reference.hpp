#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "harness/execute/transformer/weight_source.hpp"

namespace inferbench {

// The decoder as its definition says it: one sequence, every position from the beginning, no cache,
// no packing, one loop per axis, sums in fp64, weights in fp32. For checking, at O(tokens^2).
//
// Returns [tokens, vocab]: logits after each token.
std::vector<float> decoder_reference(const WeightSource& weights,
                                     std::span<const std::int32_t> tokens);

}  // namespace inferbench
