#include "harness/metrics/summary_values.hpp"

namespace inferbench {

std::optional<double> value_of(const Summary& summary, std::string_view metric,
                               std::optional<double> percentile) {
  for (const DistributionMetric& distribution : summary.distributions) {
    if (distribution.id != metric) continue;
    if (!percentile) return distribution.mean;
    for (const Quantile& quantile : distribution.quantiles) {
      if (quantile.percentile == *percentile) return quantile.value;
    }
  }
  return std::nullopt;
}

std::optional<double> rate_of(const Summary& summary, std::string_view window,
                              std::string_view rate) {
  for (const Window& stretch : summary.windows) {
    if (stretch.name != window) continue;
    for (const ScalarMetric& metric : stretch.rates) {
      if (metric.id == rate) return metric.value;
    }
  }
  return std::nullopt;
}

}  // namespace inferbench
