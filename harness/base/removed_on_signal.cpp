#include "harness/base/removed_on_signal.hpp"

#include <unistd.h>

#include <atomic>
#include <csignal>
#include <cstring>

namespace inferbench {
namespace {

// In place of a container: a signal may come while one changes.
struct Slot {
  enum State { free, changing, taken };
  std::atomic<State> state{free};
  char file[4096] = {};
};
Slot slots[32];

// Somebody else's answer, or the wish to ignore it, stays.
void answer(int signal) {
  struct sigaction now = {};
  sigaction(signal, nullptr, &now);
  if (now.sa_handler == SIG_DFL) std::signal(signal, end_by_signal);
}

}  // namespace

void end_by_signal(int signal) {
  for (Slot& slot : slots) {
    if (slot.state == Slot::taken) ::unlink(slot.file);
  }
  std::signal(signal, SIG_DFL);
  std::raise(signal);
}

void remove_on_signal(const std::string& file) {
  if (file.size() >= sizeof Slot::file) return;
  for (Slot& slot : slots) {
    Slot::State expected = Slot::free;
    if (!slot.state.compare_exchange_strong(expected, Slot::changing)) continue;
    std::memcpy(slot.file, file.c_str(), file.size() + 1);
    slot.state = Slot::taken;
    break;
  }
  answer(SIGINT);
  answer(SIGTERM);
}

void keep_on_signal(const std::string& file) {
  for (Slot& slot : slots) {
    if (slot.state != Slot::taken || file != slot.file) continue;
    slot.state = Slot::free;
    return;
  }
}

}  // namespace inferbench
