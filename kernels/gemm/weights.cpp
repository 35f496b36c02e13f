#include "kernels/gemm/weights.hpp"

#include <algorithm>
#include <cmath>

#include "harness/base/error.hpp"
#include "kernels/cpu/convert.hpp"

namespace inferbench {
namespace {

using Weights = GemmFormat::Weights;

// Rounds to 16 bit and keeps both forms. fp16 ends at 65,504.
std::vector<std::uint16_t> narrow(std::span<float> values, bool fp16) {
  constexpr float kMost = 65504.0F;
  std::vector<std::uint16_t> out(values.size());
  for (std::size_t i = 0; i < values.size(); ++i) {
    if (fp16) values[i] = std::clamp(values[i], -kMost, kMost);
    out[i] = fp16 ? float_to_fp16(values[i]) : float_to_bf16(values[i]);
    values[i] = fp16 ? fp16_to_float(out[i]) : bf16_to_float(out[i]);
  }
  return out;
}

void take_largest(std::span<const float> row, std::vector<float>& largest) {
  for (std::size_t i = 0; i < row.size(); ++i) {
    largest[i] = std::max(largest[i], std::abs(row[i]));
  }
}

}  // namespace

WeightRows rows_of(std::span<const float> matrix, std::int64_t k) {
  const auto width = static_cast<std::size_t>(k);
  return [matrix, width](std::int64_t row, std::span<float> to) {
    const auto from = matrix.subspan(static_cast<std::size_t>(row) * width, width);
    std::copy(from.begin(), from.end(), to.begin());
  };
}

WeightRows rows_of_bf16(std::span<const std::uint16_t> matrix, std::int64_t k) {
  const auto width = static_cast<std::size_t>(k);
  return [matrix, width](std::int64_t row, std::span<float> to) {
    const auto from = matrix.subspan(static_cast<std::size_t>(row) * width, width);
    std::transform(from.begin(), from.end(), to.begin(), bf16_to_float);
  };
}

namespace {

bool one_scale_for_all(const BlockFormat* f) {
  return f != nullptr && f->block_rows == 0;
}
bool calibrated(const BlockFormat* f) {
  return f != nullptr && (f->block_rows == 0 || f->tensor_scale);
}

// Of a whole matrix: its one scale, or what its blocks' scales are relative to.
float whole_scale(const BlockFormat& f, const std::vector<float>& channels) {
  const float most = *std::max_element(channels.begin(), channels.end());
  return one_scale_for_all(&f) ? most / largest(f.element) : tensor_scale(f, most);
}

void smooth_by(const std::vector<float>& in, const std::vector<float>& out, LayerScales& scales) {
  scales.smooth = smoothing_scales(in, out, static_cast<std::int64_t>(in.size()));
  for (float& s : scales.smooth) s = std::clamp(s, 1e-4F, 1e4F);
  for (const float s : scales.smooth) scales.smooth_inverse.push_back(1.0F / s);
}

}  // namespace

bool needs_calibration(const GemmFormat& format) {
  return format.smooth || calibrated(format.in_code);
}

LayerScales layer_scales(const GemmFormat& format, std::int64_t n, std::int64_t k,
                         const WeightRows& weights, std::span<const float> calibration) {
  LayerScales scales;
  const bool of_in = needs_calibration(format);
  if (!of_in && !calibrated(format.code)) return scales;
  const auto width = static_cast<std::size_t>(k);
  if (of_in && (calibration.empty() || calibration.size() % width != 0)) {
    throw Error("gemm " + format.name, std::to_string(calibration.size()) + " calibration values",
                "needs activations of at least one token, k values each");
  }
  std::vector<float> in(width), out(width), row(width);
  for (std::size_t at = 0; of_in && at < calibration.size(); at += width) {
    take_largest(calibration.subspan(at, width), in);
  }
  for (std::int64_t r = 0; r < n; ++r) weights(r, row), take_largest(row, out);
  if (format.smooth) smooth_by(in, out, scales);
  if (calibrated(format.code)) scales.weight_scale = whole_scale(*format.code, out);
  if (calibrated(format.in_code)) scales.in_scale = whole_scale(*format.in_code, in);
  return scales;
}

void round_to_codes(const GemmFormat& format, const LayerScales& scales, std::span<float> row) {
  if (format.in_code == nullptr) return;
  if (one_scale_for_all(format.in_code)) {
    round_row_with_scale(format.in_code->element, row, scales.in_scale);
  } else {
    round_row(*format.in_code, row, scales.in_scale);
  }
}

GemmWeights quantise_weights(const GemmFormat& format, const LayerScales& scales,
                             std::vector<float> matrix, std::int64_t k) {
  GemmWeights w;
  w.format = &format;
  w.k = k, w.rows = static_cast<std::int64_t>(matrix.size()) / k;
  if (format.smooth) smooth_weights(matrix, scales.smooth);
  switch (format.weights) {
    case Weights::fp32:
      w.values = std::move(matrix);
      break;
    case Weights::bf16:
    case Weights::fp16:
      w.values = std::move(matrix);
      w.values16 = narrow(w.values, format.weights == Weights::fp16);
      break;
    case Weights::int8:
      w.int8 = quantise_int8(matrix, k);
      break;
    case Weights::int4:
      w.int4 = quantise_int4(matrix, k, format.group, format.zero_points);
      break;
    case Weights::coded:
      w.coded = one_scale_for_all(format.code)
                    ? quantise_with_scale(*format.code, matrix, k, scales.weight_scale)
                    : quantise_blocks(*format.code, matrix, k, scales.weight_scale);
      break;
    case Weights::sparse24_bf16:
      narrow(matrix, false);
      [[fallthrough]];
    case Weights::sparse24_fp32:
      w.sparse = prune24(matrix, k);
      break;
  }
  return w;
}

std::vector<std::uint16_t> round_activations(const GemmFormat& format, std::span<float> values) {
  if (format.activation_bytes() == 4) return {};
  return narrow(values, format.weights == Weights::fp16);
}

}  // namespace inferbench
