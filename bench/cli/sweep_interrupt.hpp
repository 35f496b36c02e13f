#pragma once

#include "harness/base/error.hpp"

namespace inferbench {

// Exit code of work that was asked to stop and kept what it had: as shells tell of SIGINT.
inline constexpr ExitCode kInterruptedExit{130};

// While it lives, the first SIGINT (Ctrl-C) or SIGTERM asks the work to stop instead of ending the
// program; the second of the same ends it, without the files that it was writing.
class InterruptGuard {
 public:
  InterruptGuard();
  ~InterruptGuard();
  InterruptGuard(const InterruptGuard&) = delete;
  InterruptGuard& operator=(const InterruptGuard&) = delete;

  static bool requested();
};

}  // namespace inferbench
