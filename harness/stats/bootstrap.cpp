#include "harness/stats/bootstrap.hpp"

#include <algorithm>
#include <cmath>
#include <vector>

#include "harness/base/error.hpp"
#include "harness/base/random.hpp"
#include "harness/stats/student_t.hpp"

namespace inferbench {
namespace {

// Reorders `values`.
double median_of(std::vector<double>& values) {
  const auto middle = values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2);
  std::nth_element(values.begin(), middle, values.end());
  if (values.size() % 2 == 1) return *middle;
  return (*std::max_element(values.begin(), middle) + *middle) / 2.0;
}

std::size_t block_length(std::size_t n, std::size_t wanted) {
  if (wanted > 0) return std::min(wanted, n);
  const auto automatic = static_cast<std::size_t>(std::ceil(std::pow(static_cast<double>(n), 0.6)));
  return std::clamp<std::size_t>(automatic, 1, n);
}

// How much wider Student's t of so many blocks is than the normal distribution.
double widening(std::size_t blocks, double confidence) {
  constexpr double kAsGoodAsNormal = 1e6;
  const double freedom = std::max<double>(1, static_cast<double>(blocks) - 1);
  return student_t_two_sided(confidence, freedom) /
         student_t_two_sided(confidence, kAsGoodAsNormal);
}

}  // namespace

Interval bootstrap_median(std::span<const double> samples, const BootstrapOptions& options) {
  ensure(!samples.empty(), "an interval needs a sample");
  ensure(options.confidence > 0 && options.confidence < 1 && options.resamples >= 1,
         "a bootstrap has a confidence and resamples");
  const std::size_t n = samples.size();
  if (n < 3) {
    const auto [low, high] = std::minmax_element(samples.begin(), samples.end());
    return {*low, *high, options.confidence};
  }
  const std::size_t block = block_length(n, options.block);
  RandomStream random(options.seed, "bootstrap");
  std::vector<double> medians, resample(n);
  for (int r = 0; r < options.resamples; ++r) {
    for (std::size_t filled = 0; filled < n;) {
      const std::size_t start = random.below(n);
      for (std::size_t k = 0; k < block && filled < n; ++k) {
        resample[filled++] = samples[(start + k) % n];
      }
    }
    medians.push_back(median_of(resample));
  }
  std::sort(medians.begin(), medians.end());
  const double tail = (1.0 - options.confidence) / 2.0;
  const auto last = static_cast<double>(medians.size() - 1);
  const auto low = static_cast<std::size_t>(std::floor(tail * last));
  const auto high = static_cast<std::size_t>(std::ceil((1.0 - tail) * last));
  std::vector<double> all(samples.begin(), samples.end());
  const double median = median_of(all), wider = widening(n / block, options.confidence);
  const auto [least, most] = std::minmax_element(samples.begin(), samples.end());
  return {std::max(*least, median - (median - std::min(median, medians[low])) * wider),
          std::min(*most, median + (std::max(median, medians[high]) - median) * wider),
          options.confidence};
}

}  // namespace inferbench
