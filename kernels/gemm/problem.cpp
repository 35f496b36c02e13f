#include "kernels/gemm/problem.hpp"

#include <cmath>

#include "harness/base/error.hpp"
#include "kernels/cpu/convert.hpp"
#include "kernels/cpu/fill.hpp"
#include "kernels/shapes/gemm.hpp"

namespace inferbench {
namespace {

using Weights = GemmFormat::Weights;

std::vector<GemmFormat> make_formats() {
  std::vector<GemmFormat> f = {
      {.name = "fp32", .weights = Weights::fp32},
      {.name = "bf16", .weights = Weights::bf16},
      {.name = "fp16", .weights = Weights::fp16},
      {.name = "w8a16", .weights = Weights::int8},
      {.name = "w8a8", .weights = Weights::int8, .integer = true},
  };
  for (const bool integer : {false, true}) {
    for (const bool zero_points : {false, true}) {
      for (const int group : {128, 64, 32}) {
        f.push_back({.name = std::string(integer ? "w4a8-g" : "w4a16-g") + std::to_string(group) +
                             (zero_points ? "-zp" : ""),
                     .weights = Weights::int4,
                     .integer = integer,
                     .group = group,
                     .zero_points = zero_points});
      }
    }
  }
  return f;
}

// Rounds to 16 bit and keeps both forms.
void narrow(std::vector<float>& values, std::vector<std::uint16_t>& narrow_values, bool fp16) {
  narrow_values.resize(values.size());
  for (std::size_t i = 0; i < values.size(); ++i) {
    narrow_values[i] = fp16 ? float_to_fp16(values[i]) : float_to_bf16(values[i]);
    values[i] = fp16 ? fp16_to_float(narrow_values[i]) : bf16_to_float(narrow_values[i]);
  }
}

// fp16 ends at 65,504.
void limit_to_fp16(std::vector<float>& values) {
  for (float& x : values) {
    if (std::abs(x) > 6e4F) x = std::copysign(6e4F, x);
  }
}

}  // namespace

double GemmFormat::weight_bytes() const {
  switch (weights) {
    case Weights::fp32:
      return 4;
    case Weights::bf16:
    case Weights::fp16:
      return 2;
    case Weights::int8:
      return 1;
    case Weights::int4:
      return 0.5 + (zero_points ? 2.5 : 2.0) / group;
  }
  return 0;
}

const std::vector<GemmFormat>& gemm_formats() {
  static const std::vector<GemmFormat> formats = make_formats();
  return formats;
}

const GemmFormat& gemm_format(std::string_view name) {
  for (const GemmFormat& f : gemm_formats()) {
    if (f.name == name) return f;
  }
  throw std::logic_error("a gemm case of no known format");
}

GemmProblem::GemmProblem(const KernelCase& c)
    : format(gemm_format(c.format)), m(c.at("m")), n(c.at("n")), k(c.at("k")), case_(c) {
  in.resize(static_cast<std::size_t>(m * k));
  weights.resize(static_cast<std::size_t>(n * k));
  fill_matrix(in, k, c.fill, 1.0, c.seed, "gemm in");
  fill_matrix(weights, k, c.fill == Fill::outliers ? Fill::normal : c.fill,
              1.0 / std::sqrt(static_cast<double>(k)), c.seed, "gemm weights");
  if (format.weights == Weights::fp32) return;

  const bool fp16 = format.weights == Weights::fp16;
  if (fp16) limit_to_fp16(in), limit_to_fp16(weights);
  narrow(in, in16, fp16);
  if (format.weights == Weights::bf16 || fp16) {
    narrow(weights, weights16, fp16);
    return;
  }
  if (format.weights == Weights::int8) {
    weights8 = quantise_int8(weights, k);
  } else {
    if (c.fill == Fill::extreme) limit_to_fp16(weights);  // scales are fp16
    weights4 = quantise_int4(weights, k, format.group, format.zero_points);
  }
  if (format.integer) in8 = quantise_int8(in, k);
  weights = {};
}

Work GemmProblem::work() const {
  return inferbench::work(GemmShape{.m = static_cast<double>(m),
                                    .n = static_cast<double>(n),
                                    .k = static_cast<double>(k),
                                    .in_bytes = format.weights == Weights::fp32 ? 4.0 : 2.0,
                                    .weight_bytes = format.weight_bytes(),
                                    .out_bytes = 4});
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
      w = static_cast<double>(weights8.scale[static_cast<std::size_t>(column)]) *
          weights8.values[at];
    } else if (format.weights == Weights::int4) {
      const auto g = static_cast<std::size_t>(column * weights4.groups() + i / format.group);
      w = static_cast<double>(weights4.scale[g]) * (weights4.values[at] - weights4.zero[g]);
    } else {
      w = static_cast<double>(weights[at]);
    }
    const double a = static_cast<double>(in[static_cast<std::size_t>(row * k + i)]);
    const double product = a * w;
    e.value += product;
    e.magnitude += std::abs(product);
    constexpr double kNormal = 0x1p-126;
    const bool denormal = std::abs(a) < kNormal || std::abs(w) < kNormal;
    if (format.weights == Weights::bf16 && denormal) e.flushed += std::abs(product);
  }
  return e;
}

// int8 times int8: the sum in 64 bit, then rounded to fp32 and scaled once. int4: exact sums of
// groups, which are then added up in floating point.
GemmProblem::Element GemmProblem::integer_element(std::int64_t row, std::int64_t column) const {
  const std::int8_t* x = in8.values.data() + row * k;
  const float in_scale = in8.scale[static_cast<std::size_t>(row)];
  if (format.weights == Weights::int8) {
    const std::int8_t* w = weights8.values.data() + column * k;
    std::int64_t sum = 0;
    for (std::int64_t i = 0; i < k; ++i) sum += static_cast<std::int64_t>(x[i]) * w[i];
    const float scale = in_scale * weights8.scale[static_cast<std::size_t>(column)];
    return {.value = static_cast<double>(static_cast<float>(sum) * scale), .magnitude = 0};
  }
  Element e;
  for (std::int64_t g = 0; g < weights4.groups(); ++g) {
    const auto at = static_cast<std::size_t>(column * weights4.groups() + g);
    std::int64_t sum = 0;
    for (std::int64_t i = g * format.group; i < std::min(k, (g + 1) * format.group); ++i) {
      sum += x[i] * (weights4.values[static_cast<std::size_t>(column * k + i)] - weights4.zero[at]);
    }
    const double part = static_cast<double>(weights4.scale[at]) * static_cast<double>(in_scale) *
                        static_cast<double>(sum);
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
    const double terms = static_cast<double>(format.integer ? weights4.groups() : k);
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
