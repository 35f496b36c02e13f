#pragma once

#include <span>
#include <vector>

#include "harness/metrics/summary.hpp"
#include "harness/replay/replica.hpp"

namespace inferbench {

// How a run used its KV memory, over all replicas and attention ranks (docs/kv-memory.md): what was
// reserved and not used, what sharing saved, what the prefix cache did, preemptions and swaps.
// Values that mean nothing in this run are absent with the reason.
std::vector<ScalarMetric> kv_memory_metrics(std::span<const ReplicaStats> replicas);

}  // namespace inferbench
