#include "harness/metrics/durations.hpp"
#include "harness/metrics/request_metric.hpp"

namespace inferbench {

const RequestMetric kQueueClient = {
    .id = "queue_client",
    .unit = "ms",
    .definition = "handed over minus due: waiting before the system saw the request",
    .better = Better::lower,
    .of = [](const RequestRecord& record) -> std::optional<double> {
      return milliseconds(record.issued - record.scheduled);
    },
};

}  // namespace inferbench
