#include "kernels/shapes/expert_draw.hpp"

#include <algorithm>
#include <cmath>

namespace inferbench {
namespace {

constexpr double kRange = 6553.6;

}  // namespace

// An exponent of 1 is a limit that the exponents in use avoid.
double power_law(double u, double a) {
  if (std::abs(a - 1.0) < 1e-9) return std::exp(u * std::log(kRange));
  const double power = 1.0 - a;
  return std::pow((std::pow(kRange, power) - 1.0) * u + 1.0, 1.0 / power);
}

std::vector<double> expert_popularity(std::size_t experts, double exponent, RandomStream stream) {
  std::vector<double> popularity(experts, 1.0);
  if (exponent > 0) {
    for (double& p : popularity) p = power_law(stream.uniform(), exponent);
  }
  return popularity;
}

std::vector<float> router_logits(const std::vector<double>& popularity, std::size_t tokens,
                                 RandomStream stream) {
  std::vector<float> logits;
  logits.reserve(tokens * popularity.size());
  for (std::size_t t = 0; t < tokens; ++t) {
    for (const double p : popularity) {
      const double gumbel = -std::log(stream.exponential(1.0) + 1e-300);
      logits.push_back(static_cast<float>(std::log(p) + gumbel));
    }
  }
  return logits;
}

ExpertPicks::ExpertPicks(const std::vector<double>& popularity, RandomStream stream)
    : popularity_(popularity), stream_(stream), picked_(popularity.size(), 0) {
  cumulative_.reserve(popularity.size());
  for (const double p : popularity) cumulative_.push_back(sum_ += p);
}

std::size_t ExpertPicks::pick() {
  // Drawing again until one is new is exact; where few are left, it would take for ever.
  constexpr int kTries = 8;
  const std::size_t last = popularity_.size() - 1;
  for (int attempt = 0; attempt < kTries; ++attempt) {
    const double at = stream_.uniform() * sum_;
    const auto found = std::upper_bound(cumulative_.begin(), cumulative_.end(), at);
    const auto expert = std::min(static_cast<std::size_t>(found - cumulative_.begin()), last);
    if (picked_[expert] != token_) return take(expert);
  }
  double left = 0;
  for (std::size_t e = 0; e <= last; ++e) left += picked_[e] == token_ ? 0.0 : popularity_[e];
  double at = stream_.uniform() * left;
  std::size_t expert = last;
  for (std::size_t e = 0; e <= last; ++e) {
    if (picked_[e] == token_) continue;
    expert = e;
    at -= popularity_[e];
    if (at < 0) break;
  }
  return take(expert);
}

}  // namespace inferbench
