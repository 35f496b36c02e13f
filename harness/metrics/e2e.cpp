#include "harness/metrics/durations.hpp"
#include "harness/metrics/request_metric.hpp"

namespace inferbench {

const RequestMetric kE2e = {
    .id = "e2e",
    .unit = "ms",
    .definition = "last output token minus the instant the request was due",
    .better = Better::lower,
    .of = [](const RequestRecord& record) -> std::optional<double> {
      return milliseconds(record.token_times.back() - record.scheduled);
    },
};

}  // namespace inferbench
