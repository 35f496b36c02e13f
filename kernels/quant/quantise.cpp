#include "kernels/quant/quantise.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

#include "harness/base/error.hpp"
#include "kernels/cpu/convert.hpp"

namespace inferbench {
namespace {

float largest_magnitude(std::span<const float> row) {
  float largest = 0;
  for (const float x : row) largest = std::max(largest, std::abs(x));
  return largest;
}

std::size_t rows_of(std::size_t size, std::int64_t k) {
  ensure(k > 0 && size % static_cast<std::size_t>(k) == 0, "a matrix has whole rows");
  return size / static_cast<std::size_t>(k);
}

// The grid of one group: fp16 scale and zero point.
void fit_group(std::span<const float> group, bool zero_points, float& scale, std::uint8_t& zero) {
  if (!zero_points) {
    scale = fp16_to_float(float_to_fp16(std::min(largest_magnitude(group) / 7.0F, 65504.0F)));
    zero = 8;
    return;
  }
  float low = 0, high = 0;
  for (const float x : group) low = std::min(low, x), high = std::max(high, x);
  scale = fp16_to_float(float_to_fp16(std::min((high - low) / 15.0F, 65504.0F)));
  zero = scale == 0
             ? std::uint8_t{0}
             : static_cast<std::uint8_t>(std::clamp(std::nearbyint(-low / scale), 0.0F, 15.0F));
}

}  // namespace

float quantise_row_int8(std::span<const float> row, std::span<std::int8_t> out, int most) {
  const float largest = largest_magnitude(row), top = static_cast<float>(most);
  if (largest < std::numeric_limits<float>::min()) {
    std::fill(out.begin(), out.end(), std::int8_t{0});
    return 0;
  }
  const float to_integer = std::min(top / largest, std::numeric_limits<float>::max());
  for (std::size_t i = 0; i < row.size(); ++i) {
    out[i] = static_cast<std::int8_t>(std::clamp(std::nearbyint(row[i] * to_integer), -top, top));
  }
  return largest / top;
}

QuantisedInt8 quantise_int8(std::span<const float> matrix, std::int64_t k, int largest) {
  const std::size_t rows = rows_of(matrix.size(), k), width = static_cast<std::size_t>(k);
  QuantisedInt8 q;
  q.rows = static_cast<std::int64_t>(rows), q.k = k;
  q.values.resize(matrix.size());
  q.scale.resize(rows);
  for (std::size_t r = 0; r < rows; ++r) {
    q.scale[r] = quantise_row_int8(matrix.subspan(r * width, width),
                                   std::span(q.values).subspan(r * width, width), largest);
  }
  return q;
}

QuantisedInt4 quantise_int4(std::span<const float> matrix, std::int64_t k, std::int64_t group,
                            bool zero_points) {
  const std::size_t rows = rows_of(matrix.size(), k), width = static_cast<std::size_t>(k);
  QuantisedInt4 q;
  q.rows = static_cast<std::int64_t>(rows), q.k = k, q.group = group;
  q.values.resize(matrix.size());
  for (std::size_t r = 0; r < rows; ++r) {
    for (std::size_t at = 0; at < width; at += static_cast<std::size_t>(group)) {
      const std::size_t size = std::min(static_cast<std::size_t>(group), width - at);
      const auto values = matrix.subspan(r * width + at, size);
      float scale = 0;
      std::uint8_t zero = 0;
      fit_group(values, zero_points, scale, zero);
      for (std::size_t i = 0; i < size; ++i) {
        const float grid = scale == 0
                               ? static_cast<float>(zero)
                               : std::nearbyint(values[i] / scale) + static_cast<float>(zero);
        q.values[r * width + at + i] = static_cast<std::uint8_t>(std::clamp(grid, 0.0F, 15.0F));
      }
      q.scale.push_back(scale);
      q.zero.push_back(zero);
    }
  }
  return q;
}

std::vector<float> dequantise(const QuantisedInt8& q) {
  std::vector<float> out(q.values.size());
  for (std::size_t i = 0; i < out.size(); ++i) {
    out[i] = q.scale[i / static_cast<std::size_t>(q.k)] * static_cast<float>(q.values[i]);
  }
  return out;
}

std::vector<float> dequantise(const QuantisedInt4& q) {
  std::vector<float> out(q.values.size());
  const auto k = static_cast<std::size_t>(q.k), group = static_cast<std::size_t>(q.group);
  for (std::size_t i = 0; i < out.size(); ++i) {
    const std::size_t at = i / k * static_cast<std::size_t>(q.groups()) + i % k / group;
    out[i] = q.scale[at] * static_cast<float>(static_cast<int>(q.values[i]) - q.zero[at]);
  }
  return out;
}

QuantisationError quantisation_error(std::span<const float> exact,
                                     std::span<const float> approximate) {
  ensure(exact.size() == approximate.size() && !exact.empty(), "equally many values, at least one");
  double signal = 0, error = 0;
  QuantisationError e;
  for (std::size_t i = 0; i < exact.size(); ++i) {
    const double x = static_cast<double>(exact[i]);
    const double d = static_cast<double>(approximate[i]) - x;
    signal += x * x;
    error += d * d;
    e.largest = std::max(e.largest, std::abs(d));
  }
  e.mean_square = error / static_cast<double>(exact.size());
  e.sqnr_db =
      error == 0 ? std::numeric_limits<double>::infinity() : 10 * std::log10(signal / error);
  return e;
}

std::vector<float> smoothing_scales(std::span<const float> activations,
                                    std::span<const float> weights, std::int64_t k, double alpha) {
  const auto width = static_cast<std::size_t>(k);
  std::vector<float> x(width, 0.0F), w(width, 0.0F), s(width, 1.0F);
  for (std::size_t i = 0; i < activations.size(); ++i) {
    x[i % width] = std::max(x[i % width], std::abs(activations[i]));
  }
  for (std::size_t i = 0; i < weights.size(); ++i) {
    w[i % width] = std::max(w[i % width], std::abs(weights[i]));
  }
  for (std::size_t j = 0; j < width; ++j) {
    if (x[j] == 0 || w[j] == 0) continue;
    s[j] = static_cast<float>(std::pow(static_cast<double>(x[j]), alpha) /
                              std::pow(static_cast<double>(w[j]), 1 - alpha));
  }
  return s;
}

void smooth_activations(std::span<float> activations, std::span<const float> scales) {
  for (std::size_t i = 0; i < activations.size(); ++i) activations[i] /= scales[i % scales.size()];
}

void smooth_weights(std::span<float> weights, std::span<const float> scales) {
  for (std::size_t i = 0; i < weights.size(); ++i) weights[i] *= scales[i % scales.size()];
}

}  // namespace inferbench
