#include "harness/measured/replica_clock.hpp"

#include <thread>

namespace inferbench {

ReplicaClock::ReplicaClock(StepsUnderWay& steps, bool skips_idle_time)
    : steps_(steps), skips_(skips_idle_time) {
  start();
}

void ReplicaClock::start() {
  begin_ = std::chrono::steady_clock::now();
  skipped_ = {};
}

Time ReplicaClock::now() const {
  return Time(std::chrono::duration_cast<Duration>(std::chrono::steady_clock::now() - begin_) +
              skipped_);
}

void ReplicaClock::sleep_until(Time time) {
  if (now() >= time) return;
  StepsUnderWay::Deadline deadline;
  if (time != kNever) deadline = begin_ + (time.time_since_epoch() - skipped_);
  if (steps_.wait(deadline) || time == kNever) return;
  if (skips_) {
    const Time from = now();
    if (from < time) skipped_ += time - from;
  } else {
    std::this_thread::sleep_until(*deadline);
  }
}

}  // namespace inferbench
