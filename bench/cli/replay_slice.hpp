#pragma once

#include "bench/cli/record_keeper.hpp"
#include "bench/cli/replay_options.hpp"

namespace inferbench {

// `replay --system cpu --slice`: one rank of a deployment executed on this host, the others and
// their links modelled.
void replay_slice(const ReplayArguments& given, const ServingOptions& serving, CpuSetup setup,
                  RecordKeeper& keeper);

}  // namespace inferbench
