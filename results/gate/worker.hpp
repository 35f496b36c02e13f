#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

namespace inferbench {

// What a worker says of itself when it starts.
struct WorkerHello {
  std::string version;  // of the program
  std::string commit, compiler, flags, build_type;
  std::string suite;
  std::vector<std::string> series;  // unique names, in the suite's order
};

// The sum of a series' results, which both sides must agree on: a comparison of the time that two
// different computations take says nothing. Rounding may differ, so the sums of results and of
// their magnitudes may by `tolerance` of the latter; 0: not at all.
struct SeriesAnswer {
  double sum = 0, magnitude = 0, tolerance = 0;
};
bool agree(const SeriesAnswer& a, const SeriesAnswer& b);

// A series with its inputs in place.
struct OpenedSeries {
  std::string skipped;  // why this machine or build cannot run it; empty: it can
  std::string wrong;    // how its results differ from the reference's; empty: not, or not checked
  SeriesAnswer answer;
  std::map<std::string, std::int64_t> exact;  // by name with unit: less is better, and no noise
};

// What some runs of a series took.
struct SliceTime {
  std::int64_t wall_ns = 0, cpu_ns = 0;  // of all of them, > 0
  std::int64_t preemptions = 0;
};

// A worker that crashed, hung or answered with something else than an answer.
class WorkerFailure : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

// A process of one of the two programs that runs series on command. All but hello() throw
// WorkerFailure. Series are named by their index in hello().series.
class GateWorker {
 public:
  virtual ~GateWorker() = default;
  virtual const WorkerHello& hello() const = 0;
  virtual std::string code_hash() = 0;  // of the program's machine code; empty: not known
  virtual OpenedSeries open(std::size_t series, bool check) = 0;
  virtual SliceTime run(std::size_t series, std::int64_t times) = 0;  // an open one; times >= 1
};

// What is drawn anew at each launch, so that nothing of a process's layout lasts.
struct WorkerLaunch {
  unsigned cpu = 0;         // the n-th of those that may be used: workers share it
  std::size_t padding = 0;  // bytes of environment, which move the stack
};

// One side of a comparison.
class WorkerSource {
 public:
  virtual ~WorkerSource() = default;
  virtual std::unique_ptr<GateWorker> launch(const WorkerLaunch& launch) = 0;
};

}  // namespace inferbench
