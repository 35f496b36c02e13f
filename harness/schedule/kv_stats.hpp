#pragma once

#include <cstdint>

#include "harness/base/units.hpp"

namespace inferbench {

// What a scheduler's KV memory did, from the start; summed over attention ranks.
struct KvStats {
  std::int64_t prompt_tokens = 0;     // of requests when they first started
  std::int64_t hit_tokens = 0;        // of these, not computed because they were cached
  std::int64_t host_hit_tokens = 0;   // of these, read from the CPU tier
  std::int64_t recovered_tokens = 0;  // cached when a preempted request started again
  std::int64_t evicted_tokens = 0;    // prefixes that left the GPU
  std::int64_t swaps_out = 0, swaps_in = 0, swaps_refused = 0;  // refused: no room on the host
  std::int64_t to_host_tokens = 0, from_host_tokens = 0;        // swaps and the CPU tier

  // Sums over steps of how blocks were used while the step ran, in tokens; over the number of steps
  // they are means. room: what the running requests' blocks can hold, shared ones counted for each.
  // filled: of that, computed; the rest is reserved and unused. shared: counted more than once in
  // room, so saved by sharing.
  std::int64_t usage_steps = 0, room_steps = 0, filled_steps = 0, shared_steps = 0;

  bool operator==(const KvStats&) const = default;
};

KvStats& operator+=(KvStats& sum, const KvStats& other);

}  // namespace inferbench
