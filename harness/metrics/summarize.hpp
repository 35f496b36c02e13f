#pragma once

#include <span>

#include "harness/metrics/summary.hpp"
#include "harness/metrics/summary_options.hpp"
#include "harness/replay/request_record.hpp"

namespace inferbench {

// Every metric of docs/metrics.md over a run's records, in any order of them. Latencies are of
// completed requests; throughput counts every token that became visible; the verdict says whether
// the numbers can be used and why not.
Summary summarize(std::span<const RequestRecord> records, const SummaryOptions& options = {});

}  // namespace inferbench
