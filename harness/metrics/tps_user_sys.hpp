#pragma once

#include <string>

#include "harness/metrics/summary.hpp"

namespace inferbench {

// Interactivity as vLLM's Pareto plot has it: the system's output throughput over its mean
// concurrency. Time in queues counts against it, unlike tps_user.
ScalarMetric tps_user_sys(double output_tokens_per_s, double mean_concurrency,
                          std::string absent_because);

}  // namespace inferbench
