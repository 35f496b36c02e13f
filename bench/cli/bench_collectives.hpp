#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "bench/cli/verbs.hpp"

namespace inferbench {

// `inferbench bench collectives`
struct BenchCollectivesArguments {
  std::vector<std::string> ops = {"all_reduce"};
  std::vector<std::string> algorithms;  // empty: all of each op
  std::vector<std::string> transports;  // empty: mpi under mpirun, else threads
  std::vector<int> ranks;               // empty: the processes, or the cores
  std::string begin = "1K", end = "64M", factor = "8";
  std::string type = "fp32", reduction = "sum";
  int root = 0;
  std::string budget = "10s";  // of wall time, all points together
  std::uint64_t seed = 1;
  std::string json;  // empty: not written
  bool csv = false, markdown = false;
};

// Adds the verb below `bench`.
void add_bench_collectives(CLI::App& bench, VerbContext& context);

// done, failed if an element was wrong, or kInterruptedExit with what was finished until then.
// Throws Error for input that cannot be used.
ExitCode run_bench_collectives(const BenchCollectivesArguments& given);

}  // namespace inferbench
