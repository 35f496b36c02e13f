#pragma once

#include "bench/cli/bench_kernels.hpp"
#include "harness/micro/run_cases.hpp"
#include "results/run_result.hpp"

namespace inferbench {

// What happened around the measurement.
struct BenchNoise {
  Duration stolen{};   // by the hypervisor, of all cores, during the run
  Duration elapsed{};  // wall time of the run
  std::string load_before, load_after;
  std::optional<double> frequency_hz;  // of the first core, after the run
};

// Reads the frequency that the kernel tells, if any.
std::optional<double> core_frequency_hz();

RunResult bench_result(const BenchKernelsArguments& given, Duration budget, BenchOutcome outcome,
                       const BenchNoise& noise, Provenance provenance);

}  // namespace inferbench
