#pragma once

#include <memory>
#include <string>
#include <vector>

#include "results/gate/compare_programs.hpp"

namespace inferbench {

// A series that both sides have, with what their first meeting showed.
struct MetSeries {
  std::string name;
  std::size_t baseline_index = 0, candidate_index = 0;  // in each side's hello
  std::int64_t runs_per_slice = 1;
  std::size_t slices = 8;
  std::vector<std::string> flags;
};

// A worker with the name it has in messages, and how it numbers series.
struct Contender {
  std::string side;
  std::size_t MetSeries::*index = nullptr;
  std::unique_ptr<GateWorker> worker;

  // Each names side and series in its WorkerFailure.
  OpenedSeries open(const MetSeries& series, bool check);
  SliceTime run(const MetSeries& series, std::int64_t times);
};
Contender launch_contender(const std::string& side, std::size_t MetSeries::*index,
                           WorkerSource& source, const WorkerLaunch& launch);

// Starts both sides once and fills in what they say of themselves: builds, code, series, exact
// numbers, and what stands against a comparison. Returns the series to be timed, with as many runs
// per slice as the baseline needs to fill it. A worker that fails later stands against the
// comparison; throws WorkerFailure where a side does not even start, or the two have no series in
// common.
std::vector<MetSeries> meet(WorkerSource& baseline, WorkerSource& candidate,
                            const CompareOptions& options, GateComparison& comparison);

}  // namespace inferbench
