#include "harness/metrics/durations.hpp"
#include "harness/metrics/request_metric.hpp"

namespace inferbench {

const RequestMetric kTpotInclFirst = {
    .id = "tpot_incl_first",
    .unit = "ms",
    .definition =
        "(last token - handed over) / tokens: the first token included, as GuideLLM's TPOT",
    .better = Better::lower,
    .of = [](const RequestRecord& record) -> std::optional<double> {
      const Duration span = record.token_times.back() - record.issued;
      return milliseconds(span) / static_cast<double>(record.token_times.size());
    },
};

}  // namespace inferbench
