#pragma once

#include "harness/schedule/in_flight_scheduler.hpp"

namespace inferbench {

// In-flight batching whose queue is ordered by known work, prompt and longest possible answer in
// tokens, shortest first. The last in that order is preempted first. When every request has the
// same Request::max_output, this is shortest prompt first.
//
// Aging: each later admission to the queue counts as `aging` tokens less of work for those that
// wait, which is the fixed order key = work + aging x admission. A request of w tokens is overtaken
// by at most w / aging of the requests admitted after it: nobody starves, however many short ones
// come. (A scheduler has no clock: age counts admissions.)
//
// Source: shortest job first, Conway, Maxwell and Miller, "Theory of Scheduling", 1967, chapter 8;
// for LLM serving without preemption of what runs, Qiu et al., "Efficient Interactive LLM Serving
// with Proxy Model-based Sequence Length Prediction", 2024 (there the answer's length is predicted,
// here only its limit is known).
class ShortestFirstScheduler final : public InFlightScheduler {
 public:
  static constexpr std::int64_t kAging = 16;  // unless SchedulerOptions::aging says otherwise

  explicit ShortestFirstScheduler(const SchedulerOptions& options) : InFlightScheduler(options) {}

 private:
  std::int64_t queue_key(const Request& request, std::uint64_t admission) const override {
    return (request.input + request.max_output).count() +
           options_.aging.value_or(kAging) * static_cast<std::int64_t>(admission);
  }
};

}  // namespace inferbench
