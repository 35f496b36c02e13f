#pragma once

namespace inferbench {

// While it lives, the first Ctrl-C asks the work to stop instead of ending the program; the second
// ends it.
class InterruptGuard {
 public:
  InterruptGuard();
  ~InterruptGuard();
  InterruptGuard(const InterruptGuard&) = delete;
  InterruptGuard& operator=(const InterruptGuard&) = delete;

  static bool requested();
};

}  // namespace inferbench
