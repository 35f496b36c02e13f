#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <span>
#include <vector>

namespace inferbench {

// Rotary positions: element i of a head and element i + half are turned by the angle
// position * base^(-2i / head_dim), halves as in GPT-NeoX and Llama.
//
// Source: Su et al., "RoFormer", arXiv 2104.09864. Base: Llama 3's config.json, rope_theta.
inline constexpr double kRotationBase = 500000.0;

inline double rotation_angle(std::int64_t position, std::int64_t i, std::int64_t head_dim) {
  const double exponent = -2.0 * static_cast<double>(i) / static_cast<double>(head_dim);
  return static_cast<double>(position) * std::pow(kRotationBase, exponent);
}

// Cosines and sines of the positions seen so far; grows by doubling.
class RotationTable {
 public:
  explicit RotationTable(std::int64_t head_dim = 0) : head_dim_(head_dim) {}

  // [head_dim]: cosines of half a head, then sines.
  std::span<const float> at(std::int64_t position) {
    if (position >= positions_) grow(position);
    const auto width = static_cast<std::size_t>(head_dim_);
    return std::span<const float>(values_).subspan(static_cast<std::size_t>(position) * width,
                                                   width);
  }

 private:
  void grow(std::int64_t position) {
    const std::int64_t until = std::max<std::int64_t>(256, 2 * (position + 1));
    values_.resize(static_cast<std::size_t>(until * head_dim_));
    for (; positions_ < until; ++positions_) {
      float* row = values_.data() + positions_ * head_dim_;
      for (std::int64_t i = 0; i < head_dim_ / 2; ++i) {
        const double angle = rotation_angle(positions_, i, head_dim_);
        row[i] = static_cast<float>(std::cos(angle));
        row[head_dim_ / 2 + i] = static_cast<float>(std::sin(angle));
      }
    }
  }

  std::int64_t head_dim_;
  std::int64_t positions_ = 0;
  std::vector<float> values_;
};

// One head. `angles`: a row of the table; `out` is not `x`.
inline void rotate_head(const float* x, const float* angles, std::int64_t head_dim, float* out) {
  const std::int64_t half = head_dim / 2;
  for (std::int64_t i = 0; i < half; ++i) {
    out[i] = x[i] * angles[i] - x[half + i] * angles[half + i];
    out[half + i] = x[half + i] * angles[i] + x[i] * angles[half + i];
  }
}

}  // namespace inferbench
