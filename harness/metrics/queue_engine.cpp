#include "harness/metrics/durations.hpp"
#include "harness/metrics/request_metric.hpp"

namespace inferbench {

const RequestMetric kQueueEngine = {
    .id = "queue_engine",
    .unit = "ms",
    .definition = "first planned in a step minus handed over: waiting inside the system",
    .better = Better::lower,
    .of = [](const RequestRecord& record) -> std::optional<double> {
      if (!record.admitted) return std::nullopt;
      return milliseconds(*record.admitted - record.issued);
    },
};

}  // namespace inferbench
