#pragma once

#include <span>
#include <string>

#include "harness/replay/replica.hpp"

namespace inferbench {

// What the replicas did, in a few lines: steps and their size, KV cache at its fullest,
// preemptions, and which work the steps' time went to.
std::string replay_activity(std::span<const ReplicaStats> replicas);

}  // namespace inferbench
