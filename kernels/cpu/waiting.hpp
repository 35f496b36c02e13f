#pragma once

#include <atomic>
#include <cstdint>

namespace inferbench {

// How long a rank looks for a change before it sleeps. Looking is quickest while every rank has a
// core of its own; with more ranks than cores the one that is waited for needs this core.
struct Patience {
  int spins = 0;   // looks in a row
  int yields = 0;  // looks with the core offered to others in between

  static Patience for_ranks(unsigned ranks, unsigned cores);
};

// Cores that this process may run on, as it found them first; at least 1.
unsigned allowed_cores();

// Returns when `value` is no longer `old`: spins, then yields, then sleeps in the kernel (a futex).
// What was written before the change is seen. The one who changes it calls notify_all().
std::uint32_t wait_while(const std::atomic<std::uint32_t>& value, std::uint32_t old,
                         const Patience& patience);

}  // namespace inferbench
