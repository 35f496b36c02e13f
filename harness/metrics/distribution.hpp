#pragma once

#include <span>
#include <string_view>
#include <vector>

#include "harness/metrics/summary.hpp"
#include "harness/stats/percentile.hpp"

namespace inferbench {

// The percentiles of every distribution.
inline constexpr double kPercentiles[] = {1, 5, 10, 25, 50, 75, 90, 95, 97, 99, 99.9};

// What a distribution is called.
struct MetricName {
  std::string_view id, unit, definition;
  Better better = Better::lower;
};

// Mean, spread and percentiles of samples, which are sorted. A percentile is absent when the
// samples are fewer than LoadGen's early-stopping rule needs (harness/stats/early_stopping.hpp).
DistributionMetric distribution(const MetricName& name, std::vector<double>& samples,
                                PercentileMethod method);

// The value of one percentile under the same rule.
std::optional<double> supported_percentile(std::span<const double> sorted, double percentile,
                                           PercentileMethod method);

}  // namespace inferbench
