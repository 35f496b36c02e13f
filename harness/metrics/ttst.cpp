#include "harness/metrics/durations.hpp"
#include "harness/metrics/request_metric.hpp"

namespace inferbench {

const RequestMetric kTtst = {
    .id = "ttst",
    .unit = "ms",
    .definition = "second output token minus first; absent for one-token answers",
    .better = Better::lower,
    .of = [](const RequestRecord& record) -> std::optional<double> {
      if (record.token_times.size() < 2) return std::nullopt;
      return milliseconds(record.token_times[1] - record.token_times[0]);
    },
};

}  // namespace inferbench
