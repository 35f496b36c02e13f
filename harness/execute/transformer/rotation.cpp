#include "harness/execute/transformer/rotation.hpp"

#include <algorithm>
#include <cmath>
#include <numbers>

#include "harness/base/error.hpp"

namespace inferbench {
namespace {

constexpr double kTurn = 2 * std::numbers::pi;

// Waves longer than the context trained on are stretched by the factor, short ones stay, those
// between are blended.
double llama3_frequency(double frequency, const RopeScaling& scaling) {
  const auto original = static_cast<double>(scaling.original_context);
  const double waves = original * frequency / kTurn;  // in the context trained on
  if (waves < scaling.low_freq_factor) return frequency / scaling.factor;
  if (waves > scaling.high_freq_factor) return frequency;
  const double smooth =
      (waves - scaling.low_freq_factor) / (scaling.high_freq_factor - scaling.low_freq_factor);
  return (1 - smooth) * frequency / scaling.factor + smooth * frequency;
}

// The pair that turns `turns` times within the context trained on.
double pair_of_turns(const Rotary& rotary, double turns) {
  const auto original = static_cast<double>(rotary.scaling->original_context);
  return static_cast<double>(rotary.dim) * std::log(original / (turns * kTurn)) /
         (2 * std::log(rotary.theta));
}

void scale_by_yarn(const Rotary& rotary, std::vector<double>& frequencies) {
  const RopeScaling& scaling = *rotary.scaling;
  const double first = std::max(0.0, std::floor(pair_of_turns(rotary, scaling.beta_fast)));
  double last = std::min(static_cast<double>(rotary.dim - 1),
                         std::ceil(pair_of_turns(rotary, scaling.beta_slow)));
  if (first == last) last += 0.001;
  for (std::size_t i = 0; i < frequencies.size(); ++i) {
    const double ramp = std::clamp((static_cast<double>(i) - first) / (last - first), 0.0, 1.0);
    frequencies[i] *= (1 - ramp) + ramp / scaling.factor;
  }
}

}  // namespace

bool rotary_scaling_known(const std::string& kind) {
  return kind == "linear" || kind == "llama3" || kind == "yarn";
}

std::vector<double> rotary_frequencies(const Rotary& rotary) {
  std::vector<double> frequencies;
  for (std::int64_t i = 0; i < rotary.dim / 2; ++i) {
    const double exponent = -2.0 * static_cast<double>(i) / static_cast<double>(rotary.dim);
    frequencies.push_back(std::pow(rotary.theta, exponent));
  }
  if (!rotary.scaling) return frequencies;
  const RopeScaling& scaling = *rotary.scaling;
  ensure(rotary_scaling_known(scaling.kind), "a scaling of positions that is computed");
  if (scaling.kind == "yarn") {
    scale_by_yarn(rotary, frequencies);
    return frequencies;
  }
  for (double& frequency : frequencies) {
    frequency = scaling.kind == "llama3" ? llama3_frequency(frequency, scaling)
                                         : frequency / scaling.factor;
  }
  return frequencies;
}

double yarn_mscale(double factor, double weight) {
  return factor <= 1 ? 1.0 : 0.1 * weight * std::log(factor) + 1;
}

double rotary_magnitude(const Rotary& rotary) {
  if (!rotary.scaling || rotary.scaling->kind != "yarn") return 1;
  const RopeScaling& scaling = *rotary.scaling;
  if (scaling.mscale > 0 && scaling.mscale_all_dim > 0) {
    return yarn_mscale(scaling.factor, scaling.mscale) /
           yarn_mscale(scaling.factor, scaling.mscale_all_dim);
  }
  return yarn_mscale(scaling.factor, 1);
}

RotationTable::RotationTable(const Rotary& rotary)
    : frequencies_(rotary_frequencies(rotary)), magnitude_(rotary_magnitude(rotary)) {}

void RotationTable::grow(std::int64_t position) {
  const std::int64_t until = std::max<std::int64_t>(256, 2 * (position + 1));
  const std::size_t half = frequencies_.size();
  values_.resize(static_cast<std::size_t>(until) * 2 * half);
  for (; positions_ < until; ++positions_) {
    float* row = values_.data() + static_cast<std::size_t>(positions_) * 2 * half;
    for (std::size_t i = 0; i < half; ++i) {
      const double angle = static_cast<double>(positions_) * frequencies_[i];
      row[i] = static_cast<float>(std::cos(angle) * magnitude_);
      row[half + i] = static_cast<float>(std::sin(angle) * magnitude_);
    }
  }
}

}  // namespace inferbench
