#pragma once

#include <chrono>

#include "harness/replay/clock.hpp"

namespace inferbench {

// Real time since start(). Sleeps to absolute deadlines, so that lateness does not add up: the
// operating system's sleep until shortly before, then a spin.
class WallClock final : public Clock {
 public:
  WallClock() { start(); }
  void start() { begin_ = std::chrono::steady_clock::now(); }

  Time now() const override;
  void elapse(Duration /*duration*/) override {}  // it has elapsed
  void sleep_until(Time time) override;

 private:
  std::chrono::steady_clock::time_point begin_;
};

}  // namespace inferbench
