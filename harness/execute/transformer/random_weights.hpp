#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "harness/execute/transformer/decoder_shape.hpp"
#include "kernels/gemm/weights.hpp"

namespace inferbench {

// The matrices of a decoder. Fused ones hold their parts one after the other by rows: queries, keys
// and values; gate and up; and those of experts hold the experts. The shared experts of a layer are
// one FFN.
enum class DecoderMatrix {
  embedding,
  head,
  qkv,
  attention_out,
  gate_up,
  down,
  router,
  expert_gate_up,
  expert_down,
  shared_gate_up,
  shared_down,
};

// Weights that nobody trained: uniform with mean 0 and variance 1/k, so that activations keep their
// size from layer to layer; matrices that add to the residual stream are smaller by
// sqrt(2 * layers), as in GPT-2. Any row can be asked for at any time and in any order, so no copy
// of a matrix need exist but the packed one. Equal for equal (shape, seed) on every machine.
class RandomWeights {
 public:
  RandomWeights(const DecoderShape& shape, std::uint64_t seed) : shape_(shape), seed_(seed) {}

  const DecoderShape& shape() const { return shape_; }
  // Output channels (for the embedding: tokens), and elements of each.
  std::int64_t rows(DecoderMatrix matrix) const;
  std::int64_t columns(DecoderMatrix matrix) const;

  void row(DecoderMatrix matrix, std::int64_t layer, std::int64_t row, std::span<float> to) const;
  // The same as linear layers take it; refers to this object. `layer` is 0 where there are none.
  WeightRows of(DecoderMatrix matrix, std::int64_t layer) const;

  // Expert `expert` of expert_gate_up or expert_down: its share of the rows.
  WeightRows of_expert(DecoderMatrix matrix, std::int64_t layer, std::int64_t expert) const;
  std::int64_t rows_of_expert(DecoderMatrix matrix) const;

  // What a router of sigmoids adds to scores before it chooses: [experts], within 0.05 of 0; empty
  // for other routers.
  std::vector<float> router_bias(std::int64_t layer) const;

  // Norm weights [hidden], around 1. `index`: 2 * layer before attention, one more before the FFN,
  // 2 * layers at the end.
  std::vector<float> norm(std::int64_t index) const;

 private:
  DecoderShape shape_;
  std::uint64_t seed_;
};

}  // namespace inferbench
