#pragma once

#include "bench/cli/sweep_methods.hpp"

namespace inferbench {

// --workload and its options, --rates, --users, --slo and the serving limits of --method replay.
void add_replay_sweep_options(CLI::App& verb, SweepOptions& options);

// `inferbench sweep --method replay`: a workload replayed per configuration, chunk size and load.
SweepPlan plan_replay(const SweepOptions& options);

// --margin, and `--method two-stage`: the same, after a screening in closed form.
void add_two_stage_options(CLI::App& verb, SweepOptions& options);
SweepPlan plan_two_stage(const SweepOptions& options);

}  // namespace inferbench
