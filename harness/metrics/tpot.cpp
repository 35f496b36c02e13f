#include "harness/metrics/durations.hpp"
#include "harness/metrics/request_metric.hpp"

namespace inferbench {

const RequestMetric kTpot = {
    .id = "tpot",
    .unit = "ms",
    .definition = "(last - first token) / (tokens - 1) of a request; absent for one-token answers",
    .better = Better::lower,
    .of = [](const RequestRecord& record) -> std::optional<double> {
      const std::size_t n = record.token_times.size();
      if (n < 2) return std::nullopt;
      const Duration span = record.token_times.back() - record.token_times.front();
      return milliseconds(span) / static_cast<double>(n - 1);
    },
};

}  // namespace inferbench
