#pragma once

#include <string>

#include "harness/metrics/summary.hpp"

namespace inferbench {

// What mean TTFT and TPOT went to, as a table; empty where nobody took requests apart.
std::string latency_parts_report(const Summary& summary);

}  // namespace inferbench
