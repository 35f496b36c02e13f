#include "harness/metrics/distribution.hpp"

#include <algorithm>

#include "harness/stats/early_stopping.hpp"
#include "harness/stats/moments.hpp"

namespace inferbench {

std::optional<double> supported_percentile(std::span<const double> sorted, double percentile,
                                           PercentileMethod method) {
  if (sorted.size() < least_samples_of_either_tail(percentile)) return std::nullopt;
  return percentile_of_sorted(sorted, percentile, method);
}

DistributionMetric distribution(const MetricName& name, std::vector<double>& samples,
                                PercentileMethod method) {
  std::sort(samples.begin(), samples.end());
  const Moments summary = moments(samples);
  DistributionMetric metric;
  metric.id = name.id;
  metric.unit = name.unit;
  metric.definition = name.definition;
  metric.better = name.better;
  metric.count = summary.count;
  metric.mean = summary.mean;
  metric.stddev = summary.stddev;
  metric.min = summary.min;
  metric.max = summary.max;
  for (const double percentile : kPercentiles) {
    metric.quantiles.push_back(
        {.percentile = percentile, .value = supported_percentile(samples, percentile, method)});
  }
  return metric;
}

}  // namespace inferbench
