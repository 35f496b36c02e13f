#pragma once

#include <functional>
#include <limits>
#include <optional>
#include <string>
#include <vector>

#include "harness/sweep/slo_probe.hpp"

namespace inferbench {

struct FindMaxOptions {
  std::optional<double> lowest{}, highest{};  // loads to look between; chosen when absent
  double resolution = 0.02;                   // the answer and the next load tried lie this near
  bool exhaustive = false;                    // every task's own maximum, not only the best one's
  Stopping stopping = Stopping::early;        // of probes on the way; the answer's own is `certain`
  unsigned threads = 0;                       // 0: all cores; results do not depend on it
  std::function<bool()> stop{};               // ends the search early
};

enum class SearchState {
  cannot_serve,  // does not fit, or its degrees cannot work
  pruned,        // its steady capacity is below a load that another meets
  beaten,        // missed a load that another meets
  best,          // met the answer's load, as others may have
};

// What the search knows about one task.
struct SearchedTask {
  SweepTask task;  // load: the highest met
  SearchState state = SearchState::beaten;
  std::string why_not{};    // when it cannot serve
  double highest_load = 0;  // from its steady capacity; see SloProbe
  std::vector<Probe> probes{};

  double met() const;     // highest load met; 0: none
  double missed() const;  // lowest load not met; infinite: none
};

// A load that was missed although a higher one was met.
struct MonotonicityViolation {
  std::size_t task = 0;
  double missed = 0, met = 0;
};

struct FindMaxResult {
  std::vector<SearchedTask> tasks;  // in the order asked
  std::optional<std::size_t> best;  // of those that meet `load` the one furthest inside the SLO
  double load = 0;                  // the answer; 0 when nobody meets the lowest load
  double next = std::numeric_limits<double>::infinity();  // the lowest load that nobody meets
  bool at_highest = false;        // options.highest is met: the maximum may lie above
  std::vector<std::size_t> ties;  // others that meet `load`
  // When nobody meets the lowest load: the task that comes closest at it; its last probe says what
  // binds and by how much.
  std::optional<std::size_t> closest;
  std::vector<MonotonicityViolation> violations;
  bool interrupted = false;

  std::size_t probes() const;
  std::size_t count(SearchState state) const;
};

// The highest load that a task meets the SLO at, and the best of the tasks: requests/s or users, as
// sweep().load says.
//
// All tasks are searched together: a load is probed on every task that may still win, the load is
// doubled until none is left and halved until one is, then the bracket is halved down to
// `resolution`. A task that misses a load that another meets is out, at the cost of one probe, and
// so is a task whose steady capacity (SloProbe) is below such a load, at no cost. With `exhaustive`
// each task is searched by itself.
//
// The answer is confirmed by runs that do not stop early; if none confirms it, the search goes on
// below with such runs. Loads below and above the best task's bracket are probed besides: a miss
// below a hit is reported as a violation of monotonicity, which bisection takes for granted.
//
// Throws Error when no task can serve, or the bounds are crossed.
FindMaxResult find_max(const SloProbe& probe, const std::vector<SweepTask>& tasks,
                       const FindMaxOptions& options);

}  // namespace inferbench
