#include "harness/stats/student_t.hpp"

#include <cmath>
#include <vector>

#include "harness/base/error.hpp"
#include "harness/stats/incomplete_beta.hpp"
#include "harness/stats/moments.hpp"

namespace inferbench {

double student_t_cdf(double t, double freedom) {
  ensure(freedom > 0, "Student's t has degrees of freedom");
  const double beyond = incomplete_beta(freedom / 2, 0.5, freedom / (freedom + t * t)) / 2;
  return t < 0 ? beyond : 1 - beyond;
}

double student_t_two_sided(double confidence, double freedom) {
  ensure(confidence > 0 && confidence < 1, "a confidence lies between 0 and 1");
  const double wanted = 0.5 + confidence / 2;
  double low = 0, high = 1;
  while (student_t_cdf(high, freedom) < wanted) low = high, high *= 2;
  for (int halving = 0; halving < 200 && high - low > 1e-13 * high; ++halving) {
    const double middle = low + (high - low) / 2;
    (student_t_cdf(middle, freedom) < wanted ? low : high) = middle;
  }
  return high;
}

std::optional<MeanInterval> batch_means(std::span<const double> samples, int batches,
                                        double confidence) {
  if (batches < 2 || samples.size() < 2 * static_cast<std::size_t>(batches)) return std::nullopt;
  const std::size_t each = samples.size() / static_cast<std::size_t>(batches);
  std::vector<double> means;
  for (std::size_t b = 0; b < static_cast<std::size_t>(batches); ++b) {
    means.push_back(*moments(samples.subspan(b * each, each)).mean);
  }
  const Moments of_means = moments(means);
  const double t = student_t_two_sided(confidence, static_cast<double>(batches - 1));
  return MeanInterval{.mean = *of_means.mean,
                      .half_width = t * *of_means.stddev / std::sqrt(static_cast<double>(batches))};
}

}  // namespace inferbench
