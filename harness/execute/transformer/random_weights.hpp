#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "harness/execute/transformer/weight_source.hpp"

namespace inferbench {

// Weights that nobody trained: uniform with mean 0 and variance 1/k, so that activations keep their
// size from layer to layer; matrices that add to the residual stream are smaller by
// sqrt(2 * layers), as in GPT-2. Norms are within a quarter of 1, biases within 0.05 of 0. Equal
// for equal (shape, seed) on every machine.
class RandomWeights final : public WeightSource {
 public:
  RandomWeights(const DecoderShape& shape, std::uint64_t seed) : WeightSource(shape), seed_(seed) {}

  void row(DecoderMatrix matrix, std::int64_t layer, std::int64_t row,
           std::span<float> to) const override;
  std::vector<float> vector(DecoderVector vector, std::int64_t layer) const override;

 private:
  std::uint64_t seed_;
};

}  // namespace inferbench
