#include "harness/stats/visits.hpp"

#include <algorithm>
#include <cmath>
#include <vector>

#include "harness/base/error.hpp"
#include "harness/stats/moments.hpp"
#include "harness/stats/percentile.hpp"
#include "harness/stats/student_t.hpp"

namespace inferbench {
namespace {

constexpr double kFewestEffective = 2;

double middle_of(std::span<const double> values) {
  const double middle = 50;
  std::vector<double> own(values.begin(), values.end());
  return percentiles(own, std::span(&middle, 1)).front();
}

std::vector<double> visit_medians(std::span<const double> samples,
                                  std::span<const std::int64_t> visits) {
  std::vector<double> medians;
  for (std::size_t begin = 0; begin < samples.size();) {
    std::size_t end = begin + 1;
    while (end < samples.size() && visits[end] == visits[begin]) ++end;
    medians.push_back(middle_of(samples.subspan(begin, end - begin)));
    begin = end;
  }
  return medians;
}

// Ranks from 0, equal values sharing theirs: a single wild visit does not hide a resemblance.
std::vector<double> ranks_of(std::span<const double> values) {
  std::vector<double> sorted(values.begin(), values.end()), ranks;
  std::sort(sorted.begin(), sorted.end());
  ranks.reserve(values.size());
  for (const double value : values) {
    const auto [first, last] = std::equal_range(sorted.begin(), sorted.end(), value);
    ranks.push_back(static_cast<double>((first - sorted.begin()) + (last - sorted.begin()) - 1) /
                    2);
  }
  return ranks;
}

// First autocorrelation, its bias in short series put right.
double neighbour_correlation(const std::vector<double>& values) {
  const auto n = static_cast<double>(values.size());
  const double mean = *moments(values).mean;
  double square = 0, product = 0;
  for (std::size_t i = 0; i < values.size(); ++i) {
    square += (values[i] - mean) * (values[i] - mean);
    if (i > 0) product += (values[i] - mean) * (values[i - 1] - mean);
  }
  if (square <= 0) return 0;
  const double plain = product / square;
  return std::clamp(plain + (1 + 3 * plain) / n, 0.0, 0.99);
}

// The largest k with 2 P[B < k] <= 1 - confidence for B binomial of n and one half: the k-th least
// and the k-th most of n medians hold the middle. 0: not even the range does.
std::size_t order_of(std::size_t n, double confidence) {
  double term = std::pow(0.5, static_cast<double>(n)), below = 0;
  std::size_t k = 0;
  while (k < n / 2 && 2 * (below + term) <= 1 - confidence) {
    below += term;
    term *= static_cast<double>(n - k) / static_cast<double>(k + 1);
    ++k;
  }
  return k;
}

// The middle of the medians by Student's t, on their logarithms where all are positive, as times
// are: a wide interval of times then does not reach below zero.
Interval t_interval(std::vector<double> medians, double effective, double confidence) {
  const bool positive = *std::min_element(medians.begin(), medians.end()) > 0;
  const double middle = middle_of(medians);
  if (positive) {
    for (double& median : medians) median = std::log(median);
  }
  const double half = student_t_two_sided(confidence, effective - 1) * *moments(medians).stddev /
                      std::sqrt(effective);
  if (positive) return {middle * std::exp(-half), middle * std::exp(half), confidence};
  return {middle - half, middle + half, confidence};
}

Interval between_visits(std::vector<double> medians, double confidence) {
  const double effective = effective_visits(medians);
  const auto whole = static_cast<std::size_t>(effective);
  std::sort(medians.begin(), medians.end());
  const std::size_t order = order_of(whole, confidence);
  if (order > 0) {
    // The same share from either end of the medians that there are.
    const std::size_t at = std::max<std::size_t>(1, order * medians.size() / whole);
    return {medians[at - 1], medians[medians.size() - at], confidence};
  }
  const Interval student = t_interval(medians, effective, confidence);
  return {std::min(medians.front(), student.low), std::max(medians.back(), student.high),
          confidence};
}

}  // namespace

double effective_visits(std::span<const double> medians) {
  ensure(medians.size() >= 2, "one visit has no neighbour");
  const double rho = neighbour_correlation(ranks_of(medians));
  const auto n = static_cast<double>(medians.size());
  return std::clamp(n * (1 - rho) / (1 + rho), kFewestEffective, n);
}

Interval visited_median(std::span<const double> samples, std::span<const std::int64_t> visits,
                        const BootstrapOptions& options) {
  ensure(samples.size() == visits.size(), "each sample is of a visit");
  const Interval within = bootstrap_median(samples, options);
  std::vector<double> medians = visit_medians(samples, visits);
  if (medians.size() < 2) return within;
  const Interval between = between_visits(std::move(medians), options.confidence);
  return {std::min(within.low, between.low), std::max(within.high, between.high),
          options.confidence};
}

}  // namespace inferbench
