#include "kernels/elementwise/problem.hpp"

#include <algorithm>
#include <cmath>

#include "harness/base/error.hpp"
#include "kernels/cpu/convert.hpp"
#include "kernels/cpu/fill.hpp"
#include "kernels/shapes/elementwise.hpp"

namespace inferbench {
namespace {

constexpr double kRopeBase = 500000.0;
constexpr double kEpsilon = static_cast<double>(1e-5F);  // of RowBuffers

// Of sums over a row of n in fp32, relative to their terms.
double rounding(std::int64_t n) {
  return (16.0 + 4.0 * std::sqrt(static_cast<double>(n))) * 0x1p-24;
}

void narrow(std::vector<float>& values, std::vector<std::uint16_t>& to) {
  for (float& v : values) {
    to.push_back(float_to_bf16(v));
    v = bf16_to_float(to.back());
  }
}

}  // namespace

RowProblem::RowProblem(const KernelCase& c, RowOp row_op)
    : op(row_op), bf16(c.format == "bf16"), rows(c.at("rows")), columns(c.at("columns")), case_(c) {
  if (op == RowOp::rope && columns % kRopeHead != 0) {
    throw Error(c.op, "columns = " + std::to_string(columns), "must be a multiple of 128, a head");
  }
  const auto n = static_cast<std::size_t>(rows * columns);
  x.resize(n);
  fill_matrix(x, columns, c.fill, 1.0, c.seed, "rows x");
  if (has_two_inputs(op)) {
    y.resize(n);
    fill_matrix(y, columns, c.fill, 1.0, c.seed, "rows y");
  }
  if (bf16) narrow(x, x16), narrow(y, y16);
  weight.resize(static_cast<std::size_t>(columns));
  bias.resize(static_cast<std::size_t>(columns));
  fill_matrix(weight, columns, Fill::normal, 1.0, c.seed, "rows weight");
  fill_matrix(bias, columns, Fill::normal, 1.0, c.seed, "rows bias");
  for (std::int64_t r = 0; op == RowOp::rope && r < rows; ++r) {
    for (std::int64_t i = 0; i < kRopeHead / 2; ++i) {
      const double angle =
          static_cast<double>(r) * std::pow(kRopeBase, -2.0 * static_cast<double>(i) / kRopeHead);
      cosine.push_back(static_cast<float>(std::cos(angle)));
      sine.push_back(static_cast<float>(std::sin(angle)));
    }
  }
}

std::size_t RowProblem::outputs() const {
  if (op == RowOp::argmax) return static_cast<std::size_t>(rows);
  return static_cast<std::size_t>(rows * columns) * (adds_residual(op) ? 2 : 1);
}

// FLOPs per element, an exponential, a root or a rounding counted as one; bytes of every array
// once. Weights, biases, angles and scales are small beside them and stay in cache.
Work RowProblem::work_of(const KernelCase& c, RowOp op) {
  constexpr double kFlops[] = {4, 5, 7, 4, 3, 4, 1, 1, 3, 1, 3, 3, 7, 7, 8, 8};
  const double rows = static_cast<double>(c.at("rows"));
  const double elements = rows * static_cast<double>(c.at("columns"));
  const ElementwiseShape in{.elements = elements,
                            .reads = has_two_inputs(op) ? 2.0 : 1.0,
                            .writes = 0,
                            .bytes_per_element = c.format == "bf16" ? 2.0 : 4.0,
                            .flops_per_element = kFlops[static_cast<std::size_t>(op)]};
  const ElementwiseShape out{.elements = op == RowOp::argmax ? rows : elements,
                             .reads = 0,
                             .writes = 1,
                             .bytes_per_element = gives_codes(op) ? 1.0 : 4.0,
                             .flops_per_element = 0};
  const ElementwiseShape residual{.elements = adds_residual(op) ? elements : 0,
                                  .reads = 0,
                                  .writes = 1,
                                  .bytes_per_element = 4,
                                  .flops_per_element = 0};
  return inferbench::work(in) + inferbench::work(out) + inferbench::work(residual);
}

std::vector<RowProblem::Value> RowProblem::row_values(std::int64_t row) const {
  const auto n = static_cast<std::size_t>(columns);
  const std::size_t at = static_cast<std::size_t>(row) * n;
  std::vector<double> in(n);
  for (std::size_t i = 0; i < n; ++i) {
    in[i] = static_cast<double>(x[at + i]);
    // The residual is rounded to fp32 before it is normed: it is written, and read, as such.
    if (adds_residual(op)) in[i] = static_cast<double>(x[at + i] + y[at + i]);
  }
  const double count = static_cast<double>(n);
  double sum = 0, squares = 0, magnitude = 0;
  for (const double v : in) sum += v, squares += v * v, magnitude += std::abs(v);
  const double largest = *std::max_element(in.begin(), in.end());
  std::vector<Value> out;
  switch (op) {
    case RowOp::rmsnorm:
    case RowOp::add_rmsnorm:
    case RowOp::rmsnorm_quant_int8:
    case RowOp::rmsnorm_quant_fp8:
    case RowOp::add_rmsnorm_quant_int8:
    case RowOp::add_rmsnorm_quant_fp8: {
      const double rms = std::sqrt(squares / count + kEpsilon);
      for (std::size_t i = 0; i < n; ++i) {
        const double v = in[i] / rms * static_cast<double>(weight[i]);
        out.push_back({v, std::abs(v) + 1e-30});
      }
      break;
    }
    case RowOp::layernorm: {
      const double mean = sum / count;
      double variance = 0;
      for (const double v : in) variance += (v - mean) * (v - mean) / count;
      const double deviation = std::sqrt(variance + kEpsilon);
      for (std::size_t i = 0; i < n; ++i) {
        const double w = static_cast<double>(weight[i]), b = static_cast<double>(bias[i]);
        const double scale = (std::abs(in[i]) + magnitude / count) / deviation * std::abs(w);
        out.push_back({(in[i] - mean) / deviation * w + b, scale + std::abs(b)});
      }
      break;
    }
    case RowOp::silu_mul:
    case RowOp::silu:
      for (std::size_t i = 0; i < n; ++i) {
        const double sigmoid = 1 / (1 + std::exp(-in[i]));
        const double b = op == RowOp::silu ? 1.0 : static_cast<double>(y[at + i]);
        // Below exp(-87) kernels give 0; denormals times a large y lose their digits.
        const double scale = std::abs(in[i] * b) * (sigmoid + 1e-30) + std::abs(b) * 0x1p-126;
        out.push_back({in[i] * sigmoid * b, scale + 1e-30});
      }
      break;
    case RowOp::rope:
      for (std::size_t i = 0; i < n; ++i) {
        constexpr auto kHead = static_cast<std::size_t>(kRopeHead), kHalf = kHead / 2;
        const bool upper = i % kHead >= kHalf;
        const std::size_t angle = static_cast<std::size_t>(row) * kHalf + i % kHalf;
        const double other = in[upper ? i - kHalf : i + kHalf];
        const double a = in[i] * static_cast<double>(cosine[angle]);
        const double b = other * static_cast<double>(sine[angle]);
        out.push_back({upper ? a + b : a - b, std::abs(a) + std::abs(b) + 1e-30});
      }
      break;
    case RowOp::softmax: {
      double total = 0;
      for (const double v : in) total += std::exp(v - largest);
      for (const double v : in) {
        const double p = std::exp(v - largest) / total;
        out.push_back({p, p * (1 + std::abs(v - largest)) + 1e-30});
      }
      break;
    }
    case RowOp::argmax:
      out.push_back({static_cast<double>(std::max_element(in.begin(), in.end()) - in.begin()), 0});
      break;
    case RowOp::add:
    case RowOp::mul:
      for (std::size_t i = 0; i < n; ++i) {
        const double b = static_cast<double>(y[at + i]);
        const double v = op == RowOp::add ? in[i] + b : in[i] * b;
        out.push_back({v, std::abs(v) + 1e-30});
      }
      break;
    case RowOp::quant_int8:
    case RowOp::quant_fp8:
      for (const double v : in) out.push_back({v, 0});
      break;
  }
  if (gives_codes(op)) judge_codes(out);
  for (std::size_t i = 0; adds_residual(op) && i < n; ++i) {
    out.push_back({in[i], gives_codes(op) ? std::abs(in[i]) * 0x1p-22 : std::abs(in[i])});
  }
  return out;
}

// int8 steps are all alike; e4m3's are 2^-3 of the power of two below a value, and 2^-9 of the
// scale where codes are denormal.
void RowProblem::judge_codes(std::vector<Value>& values) const {
  constexpr double kTiny = 1e-36;  // below, 127 / largest is beyond fp32
  double largest = 0;
  for (const Value& v : values) largest = std::max(largest, std::abs(v.value));
  for (Value& v : values) {
    const double step = gives_fp8(op)
                            ? std::max(std::abs(v.value) * 0x1p-3, largest / 448.0 * 0x1p-9)
                            : largest / 127.0;
    v.scale = 0.5 * step + largest * rounding(columns) + kTiny;
  }
}

Oracle RowProblem::oracle(std::size_t most) const {
  Oracle o;
  const auto n = static_cast<std::size_t>(columns), all = static_cast<std::size_t>(rows);
  std::vector<std::pair<std::size_t, Value>> residuals;
  for (const std::size_t row :
       spread_indices(all, std::max<std::size_t>(1, most / n), case_.seed)) {
    const std::vector<Value> values = row_values(static_cast<std::int64_t>(row));
    for (std::size_t i = 0; i < values.size(); ++i) {
      if (i >= n) {
        residuals.emplace_back(all * n + row * n + i - n, values[i]);
        continue;
      }
      o.index.push_back(op == RowOp::argmax ? row : row * n + i);
      o.value.push_back(values[i].value);
      o.scale.push_back(values[i].scale);
    }
  }
  for (const auto& [at, v] : residuals) {
    o.index.push_back(at);
    o.value.push_back(v.value);
    o.scale.push_back(v.scale);
  }
  o.tolerance = rounding(columns);
  o.why = "fp32 rounding of sums over a row";
  if (gives_codes(op)) {
    o.tolerance = 1;
    o.why = "codes are within half a step";
  }
  return o;
}

}  // namespace inferbench
