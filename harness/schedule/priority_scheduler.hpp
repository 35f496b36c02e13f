#pragma once

#include "harness/schedule/in_flight_scheduler.hpp"

namespace inferbench {

// In-flight batching whose queue is ordered by Request::priority (smaller is more urgent), then by
// age. The last in that order is preempted first; a request that arrives does not preempt.
//
// Aging: each later admission to the queue counts as 1/aging levels of priority for those that
// wait, which is the fixed order key = priority x aging + admission. A request of priority p is
// overtaken by at most (p - q) x aging - 1 of the requests of priority q < p that are admitted
// after it, and by none of its own or a less urgent level: nobody starves, however many urgent ones
// come. (A scheduler has no clock: age counts admissions.)
//
// Source: vLLM, "--scheduling-policy priority" (priority, then arrival), which has no aging; aging
// as in Silberschatz, Galvin and Gagne, "Operating System Concepts", section on priority
// scheduling.
class PriorityScheduler final : public InFlightScheduler {
 public:
  static constexpr std::int64_t kAging = 1000;  // unless SchedulerOptions::aging says otherwise

  explicit PriorityScheduler(const SchedulerOptions& options) : InFlightScheduler(options) {}

 private:
  std::int64_t queue_key(const Request& request, std::uint64_t admission) const override {
    return request.priority * options_.aging.value_or(kAging) +
           static_cast<std::int64_t>(admission);
  }
};

}  // namespace inferbench
