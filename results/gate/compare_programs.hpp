#pragma once

#include <functional>
#include <span>

#include "harness/timing/stopwatch.hpp"
#include "results/gate/comparison.hpp"

namespace inferbench {

struct CompareProgress {
  std::size_t blocks = 0, series = 0, open = 0;  // open: series without a verdict
};

struct CompareOptions {
  GateRule rule;
  Duration budget{60'000'000'000};  // of wall time; what is undecided then is inconclusive
  Duration slice{500'000};          // what a slice is to take: less than a scheduler's quantum
  std::size_t slices = 8;           // per side and block; 3 where a single run takes 10 slices
  TimedClock clock = TimedClock::wall;
  std::uint64_t seed = 1;
  unsigned cpus = 1;            // that workers may be put on, one after another
  bool canary = true;           // run one series of the baseline against itself
  bool trust_same_code = true;  // a change between equal programs is not a verdict, but noise
  std::function<bool()> interrupted{};
  std::function<void(const CompareProgress&)> progress{};
};

// The statistic of a side's slices: the first is dropped, then the mean of the fastest half. At
// least two slices.
double fastest_half_mean(std::span<const double> slices);

// Runs the suite of both programs against each other, in blocks. In a block both are started anew,
// in random order, with random padding, on one random core; every series without a verdict is
// warmed up, then run in slices of half a millisecond, baseline and candidate in random order slice
// by slice. Its statistic is the logarithm of the two sides' ratio. Blocks go on until every series
// is decided or the budget is spent.
//
// A new process per block, because a layout that happens to be slow lasts as long as its process;
// random order, because it is what makes the test exact (series_test.hpp); short slices, because
// they fit between two interruptions.
//
// What makes a comparison invalid is in its `invalid`: a worker that fails, results that are wrong
// or differ, different builds, a canary that changed. Throws WorkerFailure when one side does not
// even start or has none of the other's series.
//
// Source: the block design and its measured error rates are described in docs/regression.md.
GateComparison compare_programs(WorkerSource& baseline, WorkerSource& candidate,
                                const CompareOptions& options, Stopwatch& stopwatch);

}  // namespace inferbench
