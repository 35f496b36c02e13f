#include "harness/metrics/durations.hpp"
#include "harness/metrics/request_metric.hpp"

namespace inferbench {

const RequestMetric kTtftFromSend = {
    .id = "ttft_from_send",
    .unit = "ms",
    .definition =
        "first output token minus the instant the request was handed over; hides waiting in the "
        "client",
    .better = Better::lower,
    .of = [](const RequestRecord& record) -> std::optional<double> {
      return milliseconds(record.token_times.front() - record.issued);
    },
};

}  // namespace inferbench
