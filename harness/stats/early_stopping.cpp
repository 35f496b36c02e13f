#include "harness/stats/early_stopping.hpp"

#include <algorithm>

#include "harness/base/error.hpp"
#include "harness/stats/incomplete_beta.hpp"

namespace inferbench {

bool supports_percentile(double percentile, std::uint64_t samples, std::uint64_t over,
                         double confidence) {
  ensure(percentile > 0 && percentile < 100, "a percentile lies between 0 and 100");
  if (over >= samples) return false;
  const double chance_over = (100 - percentile) / 100;
  return binomial_at_most(static_cast<double>(over), static_cast<double>(samples), chance_over) <=
         1 - confidence;
}

std::uint64_t least_samples(double percentile, std::uint64_t over, double confidence) {
  std::uint64_t enough = over + 1;
  while (!supports_percentile(percentile, enough, over, confidence)) enough *= 2;
  std::uint64_t too_few = enough / 2;  // over + 1 may itself be enough: then the loop ends at once
  while (too_few + 1 < enough) {
    const std::uint64_t middle = too_few + (enough - too_few) / 2;
    (supports_percentile(percentile, middle, over, confidence) ? enough : too_few) = middle;
  }
  return enough;
}

std::uint64_t least_samples_of_either_tail(double percentile) {
  return least_samples(std::max(percentile, 100 - percentile));
}

}  // namespace inferbench
