#pragma once

#include <string>

#include "harness/sweep/find_max.hpp"

namespace inferbench {

// The answer in one line, what the SLO came to at it, the tasks by the load that they meet, and
// what was left out and why. `rows`: most rows of the table.
std::string find_max_report(const FindMaxResult& result, const SloProbe& probe,
                            const FindMaxOptions& options, std::size_t rows);

}  // namespace inferbench
