// The three percentile estimators against definitions that only count.

#include "harness/stats/percentile.hpp"

#include <algorithm>
#include <cmath>

#include "harness/base/random.hpp"
#include "harness/base/text_table.hpp"
#include "harness/selftest/groups.hpp"

namespace inferbench {
namespace {

// Percentiles in thousandths of a percent, so that counting is exact.
constexpr std::int64_t kPercentiles[] = {1000, 5000, 10000, 25000, 50000, 90000, 99000, 99900};
constexpr std::int64_t kWhole = 100000;

std::int64_t at_most(const std::vector<double>& samples, double value) {
  return std::count_if(samples.begin(), samples.end(), [&](double s) { return s <= value; });
}

// The smallest sample that at least p of all samples do not exceed.
double nearest_rank(const std::vector<double>& samples, std::int64_t p) {
  double best = *std::max_element(samples.begin(), samples.end());
  for (const double s : samples) {
    const auto n = static_cast<std::int64_t>(samples.size());
    if (at_most(samples, s) * kWhole >= p * n) best = std::min(best, s);
  }
  return best;
}

// The smallest sample that more than p of all samples do not exceed.
double loadgen_floor(const std::vector<double>& samples, std::int64_t p) {
  double best = *std::max_element(samples.begin(), samples.end());
  for (const double s : samples) {
    const auto n = static_cast<std::int64_t>(samples.size());
    if (at_most(samples, s) * kWhole > p * n) best = std::min(best, s);
  }
  return best;
}

// The k-th smallest, counted: k + 1 samples do not exceed it, and it is the least such.
double kth_smallest(const std::vector<double>& samples, std::int64_t k) {
  double best = *std::max_element(samples.begin(), samples.end());
  for (const double s : samples) {
    if (at_most(samples, s) >= k + 1) best = std::min(best, s);
  }
  return best;
}

double linear(const std::vector<double>& samples, std::int64_t p) {
  const auto n = static_cast<std::int64_t>(samples.size());
  const std::int64_t below = p * (n - 1) / kWhole, rest = p * (n - 1) % kWhole;
  const double low = kth_smallest(samples, below);
  if (rest == 0) return low;
  const double share = static_cast<double>(rest) / static_cast<double>(kWhole);
  return low + share * (kth_smallest(samples, below + 1) - low);
}

struct Oracle {
  PercentileMethod method;
  double (*count)(const std::vector<double>& samples, std::int64_t p);
};

}  // namespace

std::vector<SelfCheck> percentile_checks(const SelfTestOptions& options) {
  constexpr int kSets = 200;
  const Oracle oracles[] = {{PercentileMethod::linear, linear},
                            {PercentileMethod::nearest_rank, nearest_rank},
                            {PercentileMethod::loadgen_floor, loadgen_floor}};
  std::vector<SelfCheck> checks;
  for (const Oracle& oracle : oracles) {
    RandomStream stream = Random(options.seed).stream("selftest percentile");
    std::int64_t tried = 0, disagreed = 0;
    std::string first;
    for (int set = 0; set < kSets; ++set) {
      // Few distinct values in half of the sets, so that there are ties.
      std::vector<double> samples(static_cast<std::size_t>(stream.between(1, 120)));
      for (double& s : samples) {
        s = set % 2 == 0 ? stream.exponential(100) : static_cast<double>(stream.between(0, 9));
      }
      std::vector<double> sorted = samples;
      std::sort(sorted.begin(), sorted.end());
      for (const std::int64_t p : kPercentiles) {
        const double percentile = static_cast<double>(p) / 1000;
        const double found = percentile_of_sorted(sorted, percentile, oracle.method);
        const double expected = oracle.count(samples, p);
        ++tried;
        if (std::abs(found - expected) <= 1e-9 * std::max(1.0, std::abs(expected))) continue;
        if (disagreed++ == 0) {
          first = "p" + significant(percentile) + " of " + std::to_string(samples.size());
        }
      }
    }
    checks.push_back(no_disagreement_check("percentiles, " + std::string(name(oracle.method)),
                                           tried, disagreed, first));
  }
  return checks;
}

}  // namespace inferbench
