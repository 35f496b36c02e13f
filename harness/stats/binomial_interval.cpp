#include "harness/stats/binomial_interval.hpp"

#include "harness/base/error.hpp"
#include "harness/stats/incomplete_beta.hpp"

namespace inferbench {
namespace {

// The chance at which P[Binomial(n, chance) <= k] has fallen to `level`; 0 <= k < n.
double chance_where_at_most(double k, double n, double level) {
  double low = 0, high = 1;
  for (int halving = 0; halving < 200 && low < high; ++halving) {
    const double middle = low + (high - low) / 2;
    if (middle == low || middle == high) break;
    (binomial_at_most(k, n, middle) > level ? low : high) = middle;
  }
  return low + (high - low) / 2;
}

}  // namespace

Interval clopper_pearson(std::int64_t successes, std::int64_t trials, double confidence) {
  ensure(trials >= 1 && successes >= 0 && successes <= trials, "successes are among the trials");
  ensure(confidence > 0 && confidence < 1, "a confidence lies between 0 and 1");
  const auto k = static_cast<double>(successes), n = static_cast<double>(trials);
  const double tail = (1 - confidence) / 2;
  return {.low = successes == 0 ? 0 : chance_where_at_most(k - 1, n, 1 - tail),
          .high = successes == trials ? 1 : chance_where_at_most(k, n, tail),
          .confidence = confidence};
}

}  // namespace inferbench
