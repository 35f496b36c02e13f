// Rows about what low precision costs in accuracy: one linear layer, quantised and exact.
#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>

#include "harness/base/random.hpp"
#include "harness/claims/measures/inputs.hpp"
#include "harness/claims/measures/measures.hpp"
#include "kernels/cpu/convert.hpp"
#include "kernels/quant/quantise.hpp"

namespace inferbench::claims {
namespace {

using Matrix = std::vector<float>;  // rows of `k`

// Near-normal, with the columns of one channel in `every` (0: none) `size` times as large.
Matrix draw(std::size_t rows, std::size_t k, double deviation, std::size_t every, double size,
            RandomStream random) {
  Matrix matrix(rows * k);
  for (std::size_t i = 0; i < matrix.size(); ++i) {
    const double outlier = every > 0 && i % k % every == 0 ? size : 1;
    matrix[i] = static_cast<float>(random.normal(0, deviation) * outlier);
  }
  return matrix;
}

// Each row scaled so that its largest magnitude is the largest E4M3 number, rounded, scaled back.
Matrix through_fp8(const Matrix& matrix, std::size_t k) {
  constexpr float kLargest = 448;
  Matrix out(matrix.size());
  for (std::size_t row = 0; row < matrix.size(); row += k) {
    float most = 0;
    for (std::size_t j = 0; j < k; ++j) most = std::max(most, std::abs(matrix[row + j]));
    const float scale = most > 0 ? most / kLargest : 1;
    for (std::size_t j = 0; j < k; ++j) {
      out[row + j] = e4m3_to_float(float_to_e4m3(matrix[row + j] / scale)) * scale;
    }
  }
  return out;
}

// out[m, n] = sum over k of in[m, k] * weights[n, k], in fp64.
Matrix product(const Matrix& in, const Matrix& weights, std::size_t k) {
  Matrix out;
  for (std::size_t m = 0; m < in.size(); m += k) {
    for (std::size_t n = 0; n < weights.size(); n += k) {
      double sum = 0;
      for (std::size_t j = 0; j < k; ++j) {
        sum += static_cast<double>(in[m + j]) * static_cast<double>(weights[n + j]);
      }
      out.push_back(static_cast<float>(sum));
    }
  }
  return out;
}

}  // namespace

// Signal over error of a linear layer's output in dB (20 dB: a tenth of the amplitude) under each
// quantisation mode, "rows" tokens of "in_features" to "out_features": near-normal weights, and
// activations of which one channel in "outlier_every" (0: none) is "outlier_size" times as large,
// as those of LLMs are. INT8: one scale per token and output channel; FP8 (E4M3) the same; INT4:
// groups of 128. w8a8_smooth moves outliers into the weights first.
//
// Sources: Xiao et al., "SmoothQuant", arXiv 2211.10438; Dettmers et al., "LLM.int8()", arXiv
// 2208.07339 (outlier channels).
Numbers quantisation_errors(const JsonObject& inputs, const World&) {
  const auto size = [&](const std::string& key) {
    const std::int64_t value = inputs.integer(key);
    if (value < 1 || value > 4096) inputs.refuse(key, "is out of range", "expected 1..4096");
    return static_cast<std::size_t>(value);
  };
  const std::size_t rows = size("rows"), k = size("in_features"), n = size("out_features");
  const std::int64_t every = inputs.integer("outlier_every", 0);
  if (every < 0) inputs.refuse("outlier_every", "is below 0", "expected channels, or 0 for none");
  const double outlier = inputs.optional_number("outlier_size").value_or(1);
  const Random random(static_cast<std::uint64_t>(inputs.integer("seed", 1)));
  const Matrix in = draw(rows, k, 1, static_cast<std::size_t>(every), outlier,
                         random.stream("claims.activations"));
  const Matrix weights =
      draw(n, k, 1 / std::sqrt(static_cast<double>(k)), 0, 1, random.stream("claims.weights"));
  const auto width = static_cast<std::int64_t>(k);
  const auto int8 = [&](const Matrix& matrix) { return dequantise(quantise_int8(matrix, width)); };
  const auto int4 = [&](const Matrix& matrix) {
    return dequantise(quantise_int4(matrix, width, 128, false));
  };
  const Matrix exact = product(in, weights, k);
  Numbers out;
  const auto report = [&](const std::string& mode, const Matrix& a, const Matrix& w) {
    out.set(mode + "_sqnr_db", quantisation_error(exact, product(a, w, k)).sqnr_db);
  };
  report("w8a16", in, int8(weights));
  report("w8a8", int8(in), int8(weights));
  Matrix smooth_in = in, smooth_w = weights;
  const auto scales = smoothing_scales(in, weights, width);
  smooth_activations(smooth_in, scales);
  smooth_weights(smooth_w, scales);
  report("w8a8_smooth", int8(smooth_in), int8(smooth_w));
  report("fp8", through_fp8(in, k), through_fp8(weights, k));
  report("w4a16", in, int4(weights));
  report("w4a8", int8(in), int4(weights));
  report("w4a4", int4(in), int4(weights));
  return out;
}

}  // namespace inferbench::claims
