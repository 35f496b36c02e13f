#include "harness/schedule/kv_stats.hpp"

namespace inferbench {

KvStats& operator+=(KvStats& sum, const KvStats& other) {
  sum.prompt_tokens += other.prompt_tokens;
  sum.hit_tokens += other.hit_tokens;
  sum.host_hit_tokens += other.host_hit_tokens;
  sum.recovered_tokens += other.recovered_tokens;
  sum.evicted_tokens += other.evicted_tokens;
  sum.swaps_out += other.swaps_out;
  sum.swaps_in += other.swaps_in;
  sum.swaps_refused += other.swaps_refused;
  sum.to_host_tokens += other.to_host_tokens;
  sum.from_host_tokens += other.from_host_tokens;
  sum.usage_steps += other.usage_steps;
  sum.room_steps += other.room_steps;
  sum.filled_steps += other.filled_steps;
  sum.shared_steps += other.shared_steps;
  return sum;
}

}  // namespace inferbench
