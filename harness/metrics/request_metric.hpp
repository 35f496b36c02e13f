#pragma once

#include <optional>
#include <span>
#include <string_view>

#include "harness/metrics/summary.hpp"
#include "harness/replay/request_record.hpp"

namespace inferbench {

// A metric with one sample per completed request; each is defined in the file of its name.
struct RequestMetric {
  std::string_view id, unit, definition;
  Better better = Better::lower;
  // The sample of one completed request; absent where it means nothing (TPOT of one token).
  std::optional<double> (*of)(const RequestRecord& record) = nullptr;
};

// First: the metrics people ask for first.
std::span<const RequestMetric> request_metrics();

extern const RequestMetric kTtft, kTtftFromSend, kQueueClient, kQueueEngine, kTtst, kTpot,
    kTpotInclFirst, kNtpot, kE2e, kE2eFromSend, kTpsUser, kTpsUserE2e;

}  // namespace inferbench
