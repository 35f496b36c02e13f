#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "bench/cli/verbs.hpp"

namespace inferbench {

// `inferbench bench OP ...`
struct BenchKernelsArguments {
  std::vector<std::string> ops;   // names, or "all"
  std::vector<std::string> axes;  // "M=[1,16,64]"
  std::vector<std::string> formats, providers;
  std::string suite, operators;  // a suite's name; an operator list's file
  std::string cache, clock;      // empty: hot on the CPU and cold on a GPU; wall
  std::string fill = "normal";
  std::string device = "cpu", timer;  // timer: of a GPU; empty: dual
  std::string budget;  // empty: a second per row, a minute at most, or the suite's own
  std::string longest_run = "1s";
  std::string memory_limit;  // "4G"; empty: a quarter of the machine's
  unsigned threads = 1;
  std::uint64_t seed = 1;
  bool list = false, dry_run = false, profile = false, no_roofs = false;
  std::string json, csv, markdown, gbench;  // files; empty: not written
};

// Throws Error for input that cannot be used. Sets the exit code to failed when a kernel's results
// were wrong.
void run_bench_kernels(const BenchKernelsArguments& given, VerbContext& context);

}  // namespace inferbench
