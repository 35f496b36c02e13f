#include "kernels/cpu/waiting.hpp"

#include <sched.h>

#include <algorithm>
#include <thread>

#include "kernels/cpu/target.hpp"

namespace inferbench {
namespace {

inline void pause() {
#if INFERBENCH_X86
  _mm_pause();
#endif
}

}  // namespace

// About 100 us of looking: longer than a neighbour's piece takes, shorter than anyone notices.
Patience Patience::for_ranks(unsigned ranks, unsigned cores) {
  if (ranks <= cores) return {.spins = 6000, .yields = 50};
  return {.spins = 0, .yields = 20};
}

unsigned allowed_cores() {
  static const unsigned cores = [] {
    cpu_set_t set;
    CPU_ZERO(&set);
    if (sched_getaffinity(0, sizeof set, &set) != 0) return 1U;
    return static_cast<unsigned>(std::max(1, CPU_COUNT(&set)));
  }();
  return cores;
}

std::uint32_t wait_while(const std::atomic<std::uint32_t>& value, std::uint32_t old,
                         const Patience& patience) {
  const auto now = [&] { return value.load(std::memory_order_acquire); };
  for (int i = 0; i < patience.spins; ++i) {
    if (const std::uint32_t seen = now(); seen != old) return seen;
    pause();
  }
  for (int i = 0; i < patience.yields; ++i) {
    if (const std::uint32_t seen = now(); seen != old) return seen;
    std::this_thread::yield();
  }
  while (true) {
    if (const std::uint32_t seen = now(); seen != old) return seen;
    value.wait(old, std::memory_order_acquire);
  }
}

}  // namespace inferbench
