#include "harness/stats/moments.hpp"

#include <algorithm>
#include <cmath>

namespace inferbench {

Moments moments(std::span<const double> samples) {
  Moments out;
  out.count = samples.size();
  if (samples.empty()) return out;
  const auto [low, high] = std::minmax_element(samples.begin(), samples.end());
  out.min = *low;
  out.max = *high;
  double sum = 0;
  for (const double sample : samples) sum += sample;
  const double n = static_cast<double>(samples.size());
  // Rounding must not push the mean of equal samples outside their range.
  const double mean = std::clamp(sum / n, *low, *high);
  out.mean = mean;
  if (samples.size() < 2) return out;
  double squares = 0;
  for (const double sample : samples) squares += (sample - mean) * (sample - mean);
  out.stddev = std::sqrt(squares / (n - 1));
  return out;
}

}  // namespace inferbench
