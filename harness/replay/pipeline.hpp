#pragma once

#include <vector>

#include "harness/base/ids.hpp"
#include "harness/base/units.hpp"
#include "harness/schedule/step_result.hpp"

namespace inferbench {

// The steps in flight through a replica's pipeline stages, as events on the replay's time line.
//
// A step enters a stage when it has left the stage before and the previous step has left this one.
// StepTiming says how long the slowest stage is occupied (`stage`) and how long the step takes
// through an empty pipeline (`elapsed`). The slowest stage is taken to be the first: where it
// stands does not change the rate, and a step that has entered then never queues inside. The other
// stages share what is left of `elapsed`, each at most `stage`; the rest is transfer between
// stages, which occupies none. Steps leave in the order in which they entered.
class Pipeline {
 public:
  explicit Pipeline(int stages);  // >= 1

  int stages() const { return static_cast<int>(free_at_.size()); }

  struct Step {
    StepId id{};
    StepResult result;
    Time done{};
  };

  // Whether a step can enter now: the first stage is free and fewer steps than stages are inside.
  bool accepts(Time now) const;
  void enter(StepId id, StepResult result, Time now);

  bool empty() const { return inside_ == 0; }
  Time next_done() const { return inside_ == 0 ? kNever : steps_[oldest_].done; }
  // When a step can enter, as far as that is known before a step leaves; kNever if it is not.
  Time next_entry() const;
  const Step& leave();  // the oldest; there is one. Good until the next one enters
  // The only step inside a pipeline of one stage is done at another time.
  void move_done(Time done);

 private:
  std::vector<Time> free_at_;  // by stage
  std::vector<Step> steps_;    // a ring, as many places as stages
  std::size_t oldest_ = 0, inside_ = 0;
  Time last_done_{};
};

}  // namespace inferbench
