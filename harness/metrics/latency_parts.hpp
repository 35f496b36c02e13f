#pragma once

#include <span>
#include <vector>

#include "harness/metrics/summary.hpp"
#include "harness/replay/request_record.hpp"

namespace inferbench {

// Mean TTFT and TPOT of the completed requests that carry RequestRecord::parts, split into them:
// over all of these requests, and over the tenth (rounded up) whose TTFT, or TPOT, is longest, ties
// by id. TPOT's parts are those of the answer over OSL - 1. Empty where no record carries parts.
std::vector<LatencyParts> latency_parts(std::span<const RequestRecord> records);

}  // namespace inferbench
