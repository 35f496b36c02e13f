#pragma once

#include <span>
#include <vector>

#include "harness/metrics/summary.hpp"
#include "harness/replay/replica.hpp"

namespace inferbench {

// Where the time of measured steps went, over all replicas: seconds of all steps, of GEMMs,
// attention, other kernels and the host, which add up to it; and the host's microseconds per step.
// Absent where no step ran.
std::vector<ScalarMetric> step_time_metrics(std::span<const ReplicaStats> replicas);

}  // namespace inferbench
