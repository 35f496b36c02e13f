#pragma once

#include <cstdint>
#include <functional>
#include <vector>

#include "harness/measured/cpu_setup.hpp"
#include "harness/tables/op_table.hpp"

namespace inferbench {

// What a step takes outside of kernels, by the number of requests in it and of those that start in
// it: none, or all, right after as many others ended. Of steps served by the harness itself on the
// simulated clock, so that admission, scheduling and records between steps are in it. What a step
// takes on average, with intervals (Skew). `setup` has room for the largest batch.
std::vector<OpPoint> host_times(const CpuSetup& setup, const std::vector<std::int64_t>& batches,
                                const std::function<bool()>& interrupted);

}  // namespace inferbench
