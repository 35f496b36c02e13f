#include "harness/replay/pipeline.hpp"

#include <algorithm>
#include <utility>

#include "harness/base/error.hpp"

namespace inferbench {

Pipeline::Pipeline(int stages)
    : free_at_(static_cast<std::size_t>(stages)), steps_(static_cast<std::size_t>(stages)) {
  ensure(stages >= 1, "a pipeline has a stage");
}

bool Pipeline::accepts(Time now) const {
  return inside_ < free_at_.size() && free_at_.front() <= now;
}

Time Pipeline::next_entry() const {
  return inside_ < free_at_.size() ? free_at_.front() : kNever;
}

void Pipeline::enter(StepId id, StepResult result, Time now) {
  const StepTiming& timing = result.timing;
  ensure(timing.stage >= Duration(0) && timing.elapsed >= timing.stage,
         "a step takes at least as long as its slowest stage");
  const auto others = static_cast<Duration::rep>(free_at_.size() - 1);
  const Duration left = timing.elapsed - timing.stage;
  const Duration other = others == 0 ? Duration(0) : std::min(timing.stage, left / others);
  const Duration transfer = left - other * others;
  Time at = now;
  for (std::size_t s = 0; s < free_at_.size(); ++s) {
    at = std::max(at, free_at_[s]) + (s == 0 ? timing.stage : other);
    free_at_[s] = at;
  }
  last_done_ = std::max(last_done_, at + transfer);
  Step& step = steps_[(oldest_ + inside_++) % steps_.size()];
  step.id = id;
  step.result = std::move(result);
  step.done = last_done_;
}

void Pipeline::move_done(Time done) {
  ensure(inside_ == 1 && free_at_.size() == 1, "one step is in the one stage");
  steps_[oldest_].done = last_done_ = done;
}

const Pipeline::Step& Pipeline::leave() {
  ensure(inside_ > 0, "a step is in the pipeline");
  const Step& step = steps_[oldest_];
  oldest_ = (oldest_ + 1) % steps_.size();
  --inside_;
  return step;
}

}  // namespace inferbench
