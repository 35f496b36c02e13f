#include "harness/metrics/durations.hpp"
#include "harness/metrics/request_metric.hpp"

namespace inferbench {

const RequestMetric kTtft = {
    .id = "ttft",
    .unit = "ms",
    .definition = "first output token minus the instant the request was due; every queue included",
    .better = Better::lower,
    .of = [](const RequestRecord& record) -> std::optional<double> {
      return milliseconds(record.token_times.front() - record.scheduled);
    },
};

}  // namespace inferbench
