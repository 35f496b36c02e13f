#include "harness/metrics/tps_user_sys.hpp"

#include <utility>

namespace inferbench {

ScalarMetric tps_user_sys(double output_tokens_per_s, double mean_concurrency,
                          std::string absent_because) {
  ScalarMetric metric{.id = "tps_user_sys",
                      .unit = "tokens/s",
                      .definition = "output throughput / mean concurrency of the window",
                      .better = Better::higher,
                      .value = std::nullopt,
                      .absent_because = std::move(absent_because)};
  if (!metric.absent_because.empty()) return metric;
  if (mean_concurrency > 0) {
    metric.value = output_tokens_per_s / mean_concurrency;
  } else {
    metric.absent_because = "no request was open";
  }
  return metric;
}

}  // namespace inferbench
