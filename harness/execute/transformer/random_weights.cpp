#include "harness/execute/transformer/random_weights.hpp"

#include <cmath>

#include "harness/base/random.hpp"

namespace inferbench {
namespace {

// Four values of 16 bit come from one number.
void fill_uniform(RandomStream stream, float largest, std::span<float> to) {
  const float unit = largest / 32768.0F;
  std::size_t i = 0;
  while (i < to.size()) {
    std::uint64_t bits = stream.bits();
    for (int part = 0; part < 4 && i < to.size(); ++part, bits >>= 16U) {
      const auto centred = static_cast<std::int32_t>(bits & 0xFFFFU) - 32768;
      to[i++] = (static_cast<float>(centred) + 0.5F) * unit;
    }
  }
}

bool adds_to_residual(DecoderMatrix matrix) {
  return matrix == DecoderMatrix::attention_out || matrix == DecoderMatrix::down ||
         matrix == DecoderMatrix::expert_down || matrix == DecoderMatrix::shared_down;
}

bool is_bias(DecoderVector vector) {
  return vector == DecoderVector::qkv_bias || vector == DecoderVector::router_bias;
}

}  // namespace

void RandomWeights::row(DecoderMatrix matrix, std::int64_t layer, std::int64_t row,
                        std::span<float> to) const {
  if (matrix == DecoderMatrix::head && shape().tied) matrix = DecoderMatrix::embedding;
  const double layers = static_cast<double>(shape().layers);
  const double variance =
      1.0 / static_cast<double>(columns(matrix)) / (adds_to_residual(matrix) ? 2.0 * layers : 1.0);
  fill_uniform(RandomStream(seed_, "decoder.weights")
                   .at(static_cast<std::uint64_t>(matrix))
                   .at(static_cast<std::uint64_t>(layer))
                   .at(static_cast<std::uint64_t>(row)),
               static_cast<float>(std::sqrt(3.0 * variance)), to);
}

std::vector<float> RandomWeights::vector(DecoderVector vector, std::int64_t layer) const {
  std::vector<float> values(static_cast<std::size_t>(size(vector)));
  fill_uniform(RandomStream(seed_, "decoder.vectors")
                   .at(static_cast<std::uint64_t>(vector))
                   .at(static_cast<std::uint64_t>(layer)),
               is_bias(vector) ? 0.05F : 0.25F, values);
  if (is_bias(vector)) return values;
  for (float& value : values) value += 1.0F;
  return values;
}

}  // namespace inferbench
