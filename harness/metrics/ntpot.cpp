#include "harness/metrics/durations.hpp"
#include "harness/metrics/request_metric.hpp"

namespace inferbench {

const RequestMetric kNtpot = {
    .id = "ntpot",
    .unit = "ms",
    .definition = "E2E latency / tokens: normalized time per output token",
    .better = Better::lower,
    .of = [](const RequestRecord& record) -> std::optional<double> {
      const Duration span = record.token_times.back() - record.scheduled;
      return milliseconds(span) / static_cast<double>(record.token_times.size());
    },
};

}  // namespace inferbench
