#pragma once

#include <cstddef>
#include <functional>
#include <vector>

#include "harness/sweep/sweep_method.hpp"
#include "harness/sweep/sweep_point.hpp"

namespace inferbench {

struct SweepRun {
  unsigned threads = 0;                                               // 0: all cores
  std::function<bool()> stop{};                                       // ends the sweep early
  std::function<void(std::size_t done, std::size_t all)> progress{};  // from any thread, in turn
};

struct SweepResult {
  std::vector<SweepPoint> points;  // in the order of the tasks, unfinished ones left out
  std::vector<SweepTask> unfinished;
  bool partial() const { return !unfinished.empty(); }
};

// Evaluates every task that `finished` does not already hold (a resumed sweep), on all cores. The
// result does not depend on the number of threads.
SweepResult run_sweep(const SweepMethod& method, const std::vector<SweepTask>& tasks,
                      const SweepRun& run = {}, const std::vector<SweepPoint>& finished = {});

// Every configuration with every chunk size, configurations outermost.
std::vector<SweepTask> sweep_tasks(const std::vector<ParallelConfig>& configs,
                                   const std::vector<Tokens>& chunks);

}  // namespace inferbench
