#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "harness/catalog/model_spec.hpp"

namespace inferbench {

// Rotary positions: element i of a head and element i + dim / 2 are turned by position times the
// i-th frequency; halves as in GPT-NeoX, Llama and what Hugging Face checkpoints are made for.
//
// Source: Su et al., "RoFormer", arXiv 2104.09864.
struct Rotary {
  std::int64_t dim = 0;  // elements of a head that are turned
  double theta = 10000;  // frequency i is theta^(-2i / dim)
  std::optional<RopeScaling> scaling;
};

// Whether frequencies of this kind of scaling can be computed: "linear", "llama3", "yarn".
bool rotary_scaling_known(const std::string& kind);

// [dim / 2]: radians per position, scaling applied.
//
// Source: github.com/huggingface/transformers, src/transformers/modeling_rope_utils.py.
std::vector<double> rotary_frequencies(const Rotary& rotary);

// What cosines and sines are multiplied by: 1, but under yarn.
double rotary_magnitude(const Rotary& rotary);

// 0.1 * weight * ln(factor) + 1: how much yarn widens scores.
double yarn_mscale(double factor, double weight);

// Cosines and sines of the positions seen so far; grows by doubling.
class RotationTable {
 public:
  RotationTable() = default;
  explicit RotationTable(const Rotary& rotary);

  // [dim]: cosines of half a head, then sines.
  std::span<const float> at(std::int64_t position) {
    if (position >= positions_) grow(position);
    const std::size_t width = 2 * frequencies_.size();
    return std::span<const float>(values_).subspan(static_cast<std::size_t>(position) * width,
                                                   width);
  }

 private:
  void grow(std::int64_t position);

  std::vector<double> frequencies_;
  double magnitude_ = 1;
  std::int64_t positions_ = 0;
  std::vector<float> values_;
};

// One head. `angles`: a row of the table; `out` may be `x`.
inline void rotate_head(const float* x, const float* angles, std::int64_t head_dim, float* out) {
  const std::int64_t half = head_dim / 2;
  for (std::int64_t i = 0; i < half; ++i) {
    const float low = x[i], high = x[half + i];
    out[i] = low * angles[i] - high * angles[half + i];
    out[half + i] = high * angles[i] + low * angles[half + i];
  }
}

}  // namespace inferbench
