#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "harness/base/units.hpp"
#include "harness/schedule/step_result.hpp"

namespace inferbench {

// A step in flight and the repetitions of it that will follow by themselves: decode steps whose
// batch stays the same, foretold by the executor. Whatever happens meanwhile (an arrival, a
// cancellation) interrupts the stride: the steps that are over by then count, and the one that runs
// then is an ordinary step in flight. So a stride changes how often the replay loop turns and
// nothing that can be seen of it.
class Stride {
 public:
  // More repetitions than this would be foretold for nothing when somebody interrupts.
  static constexpr std::int64_t kMost = 1024;

  // An empty list for the timings of the repetitions; with any in it, start() begins the stride.
  std::vector<StepTiming>& prepare();
  void start(Time first_done);

  bool active() const { return !timings_.empty(); }
  Time end() const { return ends_.back(); }
  // Repetitions that have begun before `now`: so many steps are over, and one more runs.
  std::size_t begun_before(Time now) const;
  // When each step ends, the first one included.
  std::span<const Time> ends() const { return ends_; }
  std::span<const StepTiming> repetitions() const { return timings_; }
  void clear() { timings_.clear(); }

 private:
  std::vector<StepTiming> timings_;  // of the repetitions
  std::vector<Time> ends_;           // of the first step and of each repetition
};

}  // namespace inferbench
