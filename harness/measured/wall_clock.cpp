#include "harness/measured/wall_clock.hpp"

#include <thread>

namespace inferbench {

Time WallClock::now() const {
  return Time(std::chrono::duration_cast<Duration>(std::chrono::steady_clock::now() - begin_));
}

void WallClock::sleep_until(Time time) {
  constexpr Duration kSpin = std::chrono::microseconds(100);
  if (time == kNever) return;
  const Duration until = time.time_since_epoch();
  if (now() + kSpin < time) std::this_thread::sleep_until(begin_ + (until - kSpin));
  while (now() < time) {
  }
}

}  // namespace inferbench
