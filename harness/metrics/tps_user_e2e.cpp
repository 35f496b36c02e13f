#include "harness/metrics/durations.hpp"
#include "harness/metrics/request_metric.hpp"

namespace inferbench {

const RequestMetric kTpsUserE2e = {
    .id = "tps_user_e2e",
    .unit = "tokens/s",
    .definition = "tokens / E2E latency of a request: speed as a user sees it, waiting included",
    .better = Better::higher,
    .of = [](const RequestRecord& record) -> std::optional<double> {
      const Duration span = record.token_times.back() - record.scheduled;
      if (span == Duration(0)) return std::nullopt;
      return static_cast<double>(record.token_times.size()) / in_seconds(span);
    },
};

}  // namespace inferbench
