#pragma once

#include "bench/cli/replay_options.hpp"

namespace inferbench {

// `replay --system cpu`: the model executed on this host, one replica, every step timed.
void replay_on_cpu(const ReplayArguments& given);

}  // namespace inferbench
