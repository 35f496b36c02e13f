#pragma once

#include <cstdint>
#include <vector>

#include "harness/execute/transformer/weight_source.hpp"

namespace inferbench {

// A decoder of some of a decoder's layers, ascending.
DecoderShape sampled_shape(const DecoderShape& whole, std::vector<std::int64_t> layers);

// Some layers of a decoder's weights, each as it is there, with its embedding and LM head.
class LayerSample final : public WeightSource {
 public:
  // Keeps a reference. `sampled`: sampled_shape() of the whole's.
  LayerSample(const WeightSource& whole, const DecoderShape& sampled);

  void row(DecoderMatrix matrix, std::int64_t layer, std::int64_t row,
           std::span<float> to) const override;
  std::vector<float> vector(DecoderVector vector, std::int64_t layer) const override;

 private:
  const WeightSource& whole_;
};

}  // namespace inferbench
