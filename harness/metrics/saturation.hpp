#pragma once

#include <array>
#include <optional>
#include <span>

#include "harness/replay/request_record.hpp"

namespace inferbench {

// Mean wait before a request is first planned, by quarter of the arrivals, in seconds.
using QuarterWaits = std::array<double, 4>;

// Whether an open loop asked for more than the system serves: the waits grow from each quarter of
// the arrivals to the next, in all by more than 5 % of the time that the arrivals span, so
// latencies depend on how long the run was. Needs 40 requests; a burst at one instant is no rate
// and never saturates. Returns the waits when it does.
std::optional<QuarterWaits> saturated(std::span<const RequestRecord> records);

}  // namespace inferbench
