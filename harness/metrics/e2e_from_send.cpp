#include "harness/metrics/durations.hpp"
#include "harness/metrics/request_metric.hpp"

namespace inferbench {

const RequestMetric kE2eFromSend = {
    .id = "e2e_from_send",
    .unit = "ms",
    .definition = "last output token minus the instant the request was handed over",
    .better = Better::lower,
    .of = [](const RequestRecord& record) -> std::optional<double> {
      return milliseconds(record.token_times.back() - record.issued);
    },
};

}  // namespace inferbench
