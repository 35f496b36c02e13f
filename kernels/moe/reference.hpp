#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "kernels/moe/problem.hpp"

namespace inferbench {

// A sum in fp64, and what its error is judged against.
struct ReferenceSum {
  double value = 0, magnitude = 0;
};

ReferenceSum dot_reference(const float* a, const float* b, std::int64_t n);

// Weights of any format as fp32 [rows, k].
std::vector<float> plain_weights(const GemmWeights& weights);

// As moe_route, by sorting. Sigmoids, which decide, are exact_exp's; softmax is in fp64.
void route_reference(const ExpertRouter& router, std::span<const float> logits,
                     std::span<const float> bias, std::span<std::int32_t> experts,
                     std::span<float> weights);

// Rows [tokens.size(), hidden] of a layer, in fp64 throughout. Magnitudes carry the errors of gate
// and up through the activation.
std::vector<ReferenceSum> layer_reference(const MoeLayerProblem& problem,
                                          std::span<const std::size_t> tokens);

}  // namespace inferbench
