#include "harness/execute/transformer/random_weights.hpp"

#include <algorithm>
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

}  // namespace

std::int64_t RandomWeights::rows(DecoderMatrix matrix) const {
  const DecoderExperts experts = shape_.experts.value_or(DecoderExperts{});
  switch (matrix) {
    case DecoderMatrix::embedding:
    case DecoderMatrix::head:
      return shape_.vocab;
    case DecoderMatrix::qkv:
      return shape_.qkv_width();
    case DecoderMatrix::attention_out:
    case DecoderMatrix::down:
      return shape_.hidden;
    case DecoderMatrix::gate_up:
      return 2 * shape_.ffn;
    case DecoderMatrix::router:
      return experts.router.experts;
    case DecoderMatrix::expert_gate_up:
      return experts.router.experts * 2 * experts.ffn;
    case DecoderMatrix::expert_down:
      return experts.router.experts * shape_.hidden;
    case DecoderMatrix::shared_gate_up:
      return 2 * experts.shared_width();
    case DecoderMatrix::shared_down:
      return shape_.hidden;
  }
  return 0;
}

std::int64_t RandomWeights::columns(DecoderMatrix matrix) const {
  if (matrix == DecoderMatrix::attention_out) return shape_.q_width();
  if (matrix == DecoderMatrix::expert_down) return shape_.experts->ffn;
  if (matrix == DecoderMatrix::shared_down) return shape_.experts->shared_width();
  return matrix == DecoderMatrix::down ? shape_.ffn : shape_.hidden;
}

void RandomWeights::row(DecoderMatrix matrix, std::int64_t layer, std::int64_t row,
                        std::span<float> to) const {
  if (matrix == DecoderMatrix::head && shape_.tied) matrix = DecoderMatrix::embedding;
  const bool residual = matrix == DecoderMatrix::attention_out || matrix == DecoderMatrix::down ||
                        matrix == DecoderMatrix::expert_down ||
                        matrix == DecoderMatrix::shared_down;
  const double variance = 1.0 / static_cast<double>(columns(matrix)) /
                          (residual ? 2.0 * static_cast<double>(shape_.layers) : 1.0);
  fill_uniform(RandomStream(seed_, "decoder.weights")
                   .at(static_cast<std::uint64_t>(matrix))
                   .at(static_cast<std::uint64_t>(layer))
                   .at(static_cast<std::uint64_t>(row)),
               static_cast<float>(std::sqrt(3.0 * variance)), to);
}

WeightRows RandomWeights::of(DecoderMatrix matrix, std::int64_t layer) const {
  return [this, matrix, layer](std::int64_t row, std::span<float> to) {
    this->row(matrix, layer, row, to);
  };
}

std::int64_t RandomWeights::rows_of_expert(DecoderMatrix matrix) const {
  return rows(matrix) / shape_.experts->router.experts;
}

WeightRows RandomWeights::of_expert(DecoderMatrix matrix, std::int64_t layer,
                                    std::int64_t expert) const {
  const std::int64_t first = expert * rows_of_expert(matrix);
  return [this, matrix, layer, first](std::int64_t row, std::span<float> to) {
    this->row(matrix, layer, first + row, to);
  };
}

std::vector<float> RandomWeights::router_bias(std::int64_t layer) const {
  if (shape_.experts->router.scores != RouterScores::sigmoid) return {};
  std::vector<float> bias(static_cast<std::size_t>(shape_.experts->router.experts));
  fill_uniform(RandomStream(seed_, "decoder.router_bias").at(static_cast<std::uint64_t>(layer)),
               0.05F, bias);
  return bias;
}

std::vector<float> RandomWeights::norm(std::int64_t index) const {
  std::vector<float> weights(static_cast<std::size_t>(shape_.hidden));
  fill_uniform(RandomStream(seed_, "decoder.norms").at(static_cast<std::uint64_t>(index)), 0.25F,
               weights);
  for (float& weight : weights) weight += 1.0F;
  return weights;
}

}  // namespace inferbench
