#pragma once

#include <string>
#include <vector>

#include "harness/tables/op_table.hpp"
#include "harness/timing/sampler.hpp"

namespace inferbench {

// Probes the machine: reads, and the arithmetic that our linear layers do in each of `formats`, and
// in "fp32". `resident_bytes` say which level the reads are of; 0: memory.
MachineRates machine_rates(const std::vector<std::string>& formats, double resident_bytes,
                           unsigned threads, Duration budget, Stopwatch& stopwatch,
                           const SamplerOptions& options);

}  // namespace inferbench
