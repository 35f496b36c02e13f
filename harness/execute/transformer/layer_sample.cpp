#include "harness/execute/transformer/layer_sample.hpp"

#include <algorithm>
#include <utility>

#include "harness/base/error.hpp"

namespace inferbench {

DecoderShape sampled_shape(const DecoderShape& whole, std::vector<std::int64_t> layers) {
  ensure(!layers.empty() && std::is_sorted(layers.begin(), layers.end()) && layers.front() >= 0 &&
             layers.back() < whole.layers,
         "layers of a sample are the decoder's, ascending");
  DecoderShape sample = whole;
  sample.layers = static_cast<std::int64_t>(layers.size());
  sample.sampled = std::move(layers);
  return sample;
}

LayerSample::LayerSample(const WeightSource& whole, const DecoderShape& sampled)
    : WeightSource(sampled), whole_(whole) {}

void LayerSample::row(DecoderMatrix matrix, std::int64_t layer, std::int64_t row,
                      std::span<float> to) const {
  const bool layered = matrix != DecoderMatrix::embedding && matrix != DecoderMatrix::head;
  whole_.row(matrix, layered ? shape().model_layer(layer) : layer, row, to);
}

std::vector<float> LayerSample::vector(DecoderVector vector, std::int64_t layer) const {
  return whole_.vector(vector,
                       vector == DecoderVector::final_norm ? layer : shape().model_layer(layer));
}

}  // namespace inferbench
