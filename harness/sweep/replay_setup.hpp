#pragma once

#include <optional>

#include "harness/sweep/replay_method.hpp"

namespace inferbench {

// A task's deployment, its activations sized for steps of the task's chunk; fills the point's
// memory. nullopt: it cannot serve, and the point's why_not says why ("weights: ...").
std::optional<Deployment> place_for_replay(const SweepSystem& system, const ReplaySweep& sweep,
                                           SweepPoint& point);

// The sweep's serving and offering options with the task's chunk and load filled in.
ServingOptions serving_of(const ReplaySweep& sweep, const SweepTask& task);
WorkloadOptions offer_of(const ReplaySweep& sweep, const SweepTask& task);

}  // namespace inferbench
