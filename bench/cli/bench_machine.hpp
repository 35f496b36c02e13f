#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "harness/base/error.hpp"

namespace inferbench {

// `inferbench bench machine`
struct BenchMachineArguments {
  std::vector<unsigned> threads;  // empty: one, and as many as there are cores
  std::string budget = "10s";     // of wall time, for all probes together
  std::vector<std::string> only;  // probes by name; empty: all
  std::uint64_t seed = 1;
  std::string device = "cpu";  // or "cuda": the first GPU
  std::string json;            // empty: not written
  bool csv = false;
};

// done, or kInterruptedExit with what was measured until then. Throws Error for input that cannot
// be used.
ExitCode run_bench_machine(const BenchMachineArguments& given);

}  // namespace inferbench
