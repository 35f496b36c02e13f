#include "kernels/quant/errors.hpp"

#include <algorithm>
#include <cmath>

#include "kernels/cpu/fill.hpp"
#include "kernels/quant/blocks.hpp"

namespace inferbench {
namespace {

float largest_magnitude(const std::vector<float>& x) {
  float most = 0;
  for (const float v : x) most = std::max(most, std::abs(v));
  return most;
}

// Rows of k without the columns that fill_matrix() makes outliers of.
std::vector<float> inliers(const std::vector<float>& x, std::int64_t k) {
  std::vector<float> kept;
  for (std::size_t i = 0; i < x.size(); ++i) {
    if (!is_outlier_column(static_cast<std::int64_t>(i) % k)) kept.push_back(x[i]);
  }
  return kept;
}

QuantErrorRow judged(std::string name, Fill fill, double bits_per_element,
                     const std::vector<float>& exact, const std::vector<float>& back,
                     std::int64_t k) {
  return {.format = std::move(name),
          .fill = fill,
          .bits = bits_per_element,
          .error = quantisation_error(exact, back),
          .inlier_sqnr_db = quantisation_error(inliers(exact, k), inliers(back, k)).sqnr_db};
}

}  // namespace

std::vector<QuantErrorRow> quantisation_errors(std::int64_t rows, std::int64_t k,
                                               std::uint64_t seed) {
  std::vector<QuantErrorRow> table;
  for (const Fill fill : {Fill::normal, Fill::outliers}) {
    std::vector<float> x(static_cast<std::size_t>(rows * k));
    fill_matrix(x, k, fill, 1.0, seed, "quantisation errors");
    for (const BlockFormat& f : block_formats()) {
      const float whole = tensor_scale(f, largest_magnitude(x));
      const std::vector<float> back = dequantise(quantise_blocks(f, x, k, whole));
      table.push_back(judged(f.name, fill, f.bits_per_element(rows, k), x, back, k));
    }
    for (const std::int64_t group : {32, 64, 128}) {
      const std::vector<float> back = dequantise(quantise_int4(x, k, group, true));
      const double bits_per_element = 4 + (16.0 + 4.0) / static_cast<double>(group);
      table.push_back(
          judged("int4-g" + std::to_string(group) + "-zp", fill, bits_per_element, x, back, k));
    }
  }
  return table;
}

}  // namespace inferbench
