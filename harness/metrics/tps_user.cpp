#include "harness/metrics/durations.hpp"
#include "harness/metrics/request_metric.hpp"

namespace inferbench {

const RequestMetric kTpsUser = {
    .id = "tps_user",
    .unit = "tokens/s",
    .definition =
        "1 / TPOT of a request; mean is arithmetic, low percentiles are the slow users; absent for "
        "one-token answers",
    .better = Better::higher,
    .of = [](const RequestRecord& record) -> std::optional<double> {
      const std::size_t n = record.token_times.size();
      if (n < 2) return std::nullopt;
      const Duration span = record.token_times.back() - record.token_times.front();
      if (span == Duration(0)) return std::nullopt;
      return static_cast<double>(n - 1) / in_seconds(span);
    },
};

}  // namespace inferbench
