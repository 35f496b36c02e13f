#include "harness/replay/kv_link.hpp"

#include <algorithm>

namespace inferbench {

Time KvLinks::send(std::size_t sender, Tokens tokens, Time now) {
  const Bytes bytes = link_.bytes_per_token * static_cast<double>(tokens.count());
  const Duration busy = link_.rate ? rounded(bytes / *link_.rate) : Duration(0);
  const Time start = std::max(now, free_at_[sender]);
  free_at_[sender] = start + busy;
  ++stats_.transfers;
  stats_.bytes += bytes;
  stats_.busy += busy;
  stats_.queued += start - now;
  return free_at_[sender] + link_.latency;
}

}  // namespace inferbench
