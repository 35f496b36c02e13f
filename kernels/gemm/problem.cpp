#include "kernels/gemm/problem.hpp"

#include <cmath>

#include "kernels/cpu/fill.hpp"
#include "kernels/shapes/gemm.hpp"

namespace inferbench {
namespace {

using Weights = GemmFormat::Weights;

// Tokens whose activations a format may look at before the run.
constexpr std::int64_t kCalibrationRows = 16;

std::vector<float> drawn(std::int64_t rows, std::int64_t k, const KernelCase& c, const char* what) {
  std::vector<float> x(static_cast<std::size_t>(rows * k));
  fill_matrix(x, k, c.fill, 1.0, c.seed, what);
  return x;
}

}  // namespace

GemmProblem::GemmProblem(const KernelCase& c)
    : format(gemm_format(c.format)),
      m(c.at("m")),
      n(c.at("n")),
      k(c.at("k")),
      in(drawn(m, k, c, "gemm in")),
      case_(c) {
  std::vector<float> matrix(static_cast<std::size_t>(n * k));
  fill_matrix(matrix, k, c.fill == Fill::outliers ? Fill::normal : c.fill,
              1.0 / std::sqrt(static_cast<double>(k)), c.seed, "gemm weights");
  in16 = round_activations(format, in);
  const GemmFormat& known = gemm_format(c.format);
  scales = layer_scales(known, n, k, rows_of(matrix, k),
                        drawn(kCalibrationRows, k, c, "gemm calibration"));
  weights = quantise_weights(known, scales, std::move(matrix), k);
  if (format.weights == Weights::coded) weights.values = dequantise(weights.coded);
  if (format.sparse()) weights.values = expand(weights.sparse);
  for (std::int64_t row = 0; row < m; ++row) {
    round_to_codes(
        known, scales,
        std::span(in).subspan(static_cast<std::size_t>(row * k), static_cast<std::size_t>(k)));
  }
  if (!format.integer) return;
  std::vector<float> smoothed = in;
  if (format.smooth) smooth_weights(smoothed, scales.smooth_inverse);
  in8 = quantise_int8(smoothed, k, format.largest);
}

Work GemmProblem::work_of(const KernelCase& c) {
  const GemmFormat& format = gemm_format(c.format);
  return inferbench::work(GemmShape{.m = static_cast<double>(c.at("m")),
                                    .n = static_cast<double>(c.at("n")),
                                    .k = static_cast<double>(c.at("k")),
                                    .in_bytes = format.activation_bytes(),
                                    .weight_bytes = format.weight_bytes(),
                                    .out_bytes = 4,
                                    .density = format.sparse() ? 0.5 : 1.0});
}

std::size_t GemmProblem::outputs() const {
  return static_cast<std::size_t>(m * n);
}

GemmProblem::Element GemmProblem::element(std::int64_t row, std::int64_t column) const {
  if (format.integer) return integer_element(row, column);
  Element e;
  for (std::int64_t i = 0; i < k; ++i) {
    const auto at = static_cast<std::size_t>(column * k + i);
    double w = 0;
    if (format.weights == Weights::int8) {
      w = static_cast<double>(weights.int8.scale[static_cast<std::size_t>(column)]) *
          weights.int8.values[at];
    } else if (format.weights == Weights::int4) {
      const auto g = static_cast<std::size_t>(column * weights.int4.groups() + i / format.group);
      w = static_cast<double>(weights.int4.scale[g]) *
          (weights.int4.values[at] - weights.int4.zero[g]);
    } else {
      w = static_cast<double>(weights.values[at]);
    }
    const double a = static_cast<double>(in[static_cast<std::size_t>(row * k + i)]);
    const double product = a * w;
    e.value += product;
    e.magnitude += std::abs(product);
    constexpr double kNormal = 0x1p-126;
    const bool denormal_weight = format.weights == Weights::bf16 && std::abs(w) < kNormal;
    const bool takes_bf16 = format.weights == Weights::bf16 || format.multiplies_nibbles_as_bf16();
    if (denormal_weight || (takes_bf16 && std::abs(a) < kNormal)) e.flushed += std::abs(product);
  }
  return e;
}

// int8 times int8: the sum in 64 bit, then rounded to fp32 and scaled once. int4: exact sums of
// groups, which are then added up in floating point.
GemmProblem::Element GemmProblem::integer_element(std::int64_t row, std::int64_t column) const {
  const std::int8_t* x = in8.values.data() + row * k;
  const float in_scale = in8.scale[static_cast<std::size_t>(row)];
  if (format.weights == Weights::int8) {
    const std::int8_t* w = weights.int8.values.data() + column * k;
    std::int64_t sum = 0;
    for (std::int64_t i = 0; i < k; ++i) sum += static_cast<std::int64_t>(x[i]) * w[i];
    const float scale = in_scale * weights.int8.scale[static_cast<std::size_t>(column)];
    return {.value = static_cast<double>(static_cast<float>(sum) * scale), .magnitude = 0};
  }
  Element e;
  for (std::int64_t g = 0; g < weights.int4.groups(); ++g) {
    const auto at = static_cast<std::size_t>(column * weights.int4.groups() + g);
    std::int64_t sum = 0;
    for (std::int64_t i = g * format.group; i < std::min(k, (g + 1) * format.group); ++i) {
      sum += x[i] * (weights.int4.values[static_cast<std::size_t>(column * k + i)] -
                     weights.int4.zero[at]);
    }
    const double part = static_cast<double>(weights.int4.scale[at]) *
                        static_cast<double>(in_scale) * static_cast<double>(sum);
    e.value += part;
    e.magnitude += std::abs(part);
  }
  return e;
}

Oracle GemmProblem::oracle(std::size_t most) const {
  Oracle o;
  o.index = spread_indices(outputs(), most, case_.seed);
  if (format.integer && format.weights == Weights::int8) {
    o.why = "sums of integers are exact";
  } else {
    // Rounding errors of a sum of k terms grow with sqrt(k) in all but contrived cases (Higham and
    // Mary, "A new approach to probabilistic rounding error analysis", SIAM J. Sci. Comput. 2019).
    const double terms = static_cast<double>(format.integer ? weights.int4.groups() : k);
    o.tolerance = (8.0 + 4.0 * std::sqrt(terms)) * 0x1p-24;
    o.why =
        "fp32 rounding of a sum of " + std::to_string(static_cast<std::int64_t>(terms)) + " terms";
  }
  for (const std::size_t at : o.index) {
    const Element e = element(static_cast<std::int64_t>(at) / n, static_cast<std::int64_t>(at) % n);
    o.value.push_back(e.value);
    // Products of denormals vanish in fp32.
    const bool exact = o.tolerance == 0;
    o.scale.push_back(exact ? 0 : e.magnitude + 1e-30 + e.flushed / o.tolerance);
  }
  return o;
}

}  // namespace inferbench
