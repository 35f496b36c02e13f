#include "bench/cli/sweep_interrupt.hpp"

#include <csignal>

#include "harness/base/removed_on_signal.hpp"

namespace inferbench {
namespace {

volatile std::sig_atomic_t interrupted = 0;

void on_interrupt(int signal) {
  interrupted = 1;
  std::signal(signal, end_by_signal);
}

}  // namespace

InterruptGuard::InterruptGuard() {
  interrupted = 0;
  std::signal(SIGINT, on_interrupt);
  std::signal(SIGTERM, on_interrupt);
}

InterruptGuard::~InterruptGuard() {
  std::signal(SIGINT, end_by_signal);
  std::signal(SIGTERM, end_by_signal);
}

bool InterruptGuard::requested() {
  return interrupted != 0;
}

}  // namespace inferbench
