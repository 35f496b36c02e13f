#pragma once

#include <algorithm>

#include "harness/base/units.hpp"

namespace inferbench {

// What the replay loop knows of time. On a simulated clock elapse() moves it and sleeping is free;
// on a wall clock the executor has already taken its time and elapse() does nothing, so the loop
// has no branch on the mode.
class Clock {
 public:
  virtual ~Clock() = default;
  virtual Time now() const = 0;
  virtual void elapse(Duration duration) = 0;
  // While steps are computed elsewhere, at the latest until then: it returns when one of them ends.
  virtual void sleep_until(Time time) = 0;
};

class SimulatedClock final : public Clock {
 public:
  Time now() const override { return now_; }
  void elapse(Duration duration) override { now_ += duration; }
  void sleep_until(Time time) override { now_ = std::max(now_, time); }

 private:
  Time now_{};
};

}  // namespace inferbench
