#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "harness/base/units.hpp"
#include "harness/collectives/rank_stage.hpp"
#include "harness/timing/sampler.hpp"
#include "kernels/collectives/problem.hpp"

namespace inferbench {

// One implementation over one transport, out of place or in place.
struct CollectiveSubject {
  const CollectiveImplementation* implementation = nullptr;
  Transport transport = Transport::threads;
  bool in_place = false;
};

struct CollectiveOptions {
  Duration budget{200'000'000};  // of wall time per subject
  Duration shortest_sample{100'000};
  std::int64_t fewest = 5, most = 200;  // rounds
  std::uint64_t seed = 1;
  std::function<bool()> interrupted{};  // asked before each sample; true in any process: all stop
};

// What became of a subject. Known to the leading process.
struct CollectiveResult {
  CollectiveSubject subject;
  std::string skipped;                    // the reason, if it was not run
  std::uint64_t compared = 0, wrong = 0;  // elements of all ranks; a damaged guard is one
  double worst = 0;                       // error over what is allowed
  bool exact = true;                      // nothing but equality was allowed
  TimedSubject timed;                     // samples are empty where it was wrong or skipped
  double fastest_ns = 0;
  std::optional<double> of_model;  // predicted over measured time, of threads
};

// One problem, all its subjects in turns.
struct CollectivePoint {
  CollectiveProblem problem;
  std::vector<CollectiveResult> results;
  double copy_gb_per_s = 0;  // of as many threads in the same rounds; 0: not measured
  double barrier_ns = 0;
  bool interrupted = false;  // known to every process
};

// Checks every subject with drawn inputs and poisoned outputs, then times those that are right: one
// sample of each per round in an order drawn anew, and of a plain copy and a barrier among threads
// beside them, for the traffic model. A sample begins with a barrier and lasts at least
// shortest_sample; its time is that of the slowest rank. Every process of the stage calls it alike.
// An interrupt keeps the whole rounds if there are `fewest`, otherwise the subjects are skipped.
CollectivePoint measure_point(RankStage& stage, const CollectiveProblem& problem,
                              std::span<const CollectiveSubject> subjects,
                              const CollectiveOptions& options);

// What is left of a problem whose turn does not come any more.
CollectivePoint unvisited_point(const CollectiveProblem& problem,
                                std::span<const CollectiveSubject> subjects);

// Is enough of it here to say that ranks share cores?
inline bool crowded(const RankStage& stage, int ranks) {
  return static_cast<unsigned>(ranks) > stage.cores();
}

}  // namespace inferbench
