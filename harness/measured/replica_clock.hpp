#pragma once

#include "harness/execute/cpu/concurrent_executor.hpp"
#include "harness/replay/clock.hpp"

namespace inferbench {

// Time of replicas that compute at the same time: real while any of them does. While none does, it
// is real too, or skipped: then the run is as long as its replicas are busy, taken together.
class ReplicaClock final : public Clock {
 public:
  // Keeps a reference.
  ReplicaClock(StepsUnderWay& steps, bool skips_idle_time);
  void start();

  Time now() const override;
  void elapse(Duration /*duration*/) override {}  // it has elapsed
  void sleep_until(Time time) override;

 private:
  StepsUnderWay& steps_;
  bool skips_;
  std::chrono::steady_clock::time_point begin_;
  Duration skipped_{};
};

}  // namespace inferbench
