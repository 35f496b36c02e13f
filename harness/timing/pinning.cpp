#include "harness/timing/pinning.hpp"

#include <pthread.h>
#include <sched.h>

namespace inferbench {

namespace {

// As it was before anything was pinned.
const cpu_set_t& allowed_cores() {
  static const cpu_set_t allowed = [] {
    cpu_set_t set;
    CPU_ZERO(&set);
    sched_getaffinity(0, sizeof set, &set);
    return set;
  }();
  return allowed;
}

}  // namespace

bool pin_to_allowed_core(unsigned n) {
  const cpu_set_t& allowed = allowed_cores();
  unsigned seen = 0;
  for (int core = 0; core < CPU_SETSIZE; ++core) {
    if (!CPU_ISSET(core, &allowed) || seen++ != n) continue;
    cpu_set_t one;
    CPU_ZERO(&one);
    CPU_SET(core, &one);
    return pthread_setaffinity_np(pthread_self(), sizeof one, &one) == 0;
  }
  return false;
}

PinnedThread::PinnedThread() : pinned_(pin_to_allowed_core(0)) {}

PinnedThread::~PinnedThread() {
  if (pinned_) pthread_setaffinity_np(pthread_self(), sizeof(cpu_set_t), &allowed_cores());
}

}  // namespace inferbench
