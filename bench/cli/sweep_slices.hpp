#pragma once

#include "bench/cli/sweep_methods.hpp"

namespace inferbench {

// --system, --weights, --kv-format, --slice-layers and --budget of --method slices.
void add_slices_sweep_options(CLI::App& verb, SweepOptions& options);

// `inferbench sweep --method slices`: each distinct rank slice of the configurations executed once
// on this host, collectives modelled.
SweepPlan plan_slices(const SweepOptions& options);

}  // namespace inferbench
