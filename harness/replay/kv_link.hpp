#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "harness/base/units.hpp"

namespace inferbench {

// How keys and values travel from a prefill replica to a decode replica. The default is a link that
// takes no time.
struct KvLink {
  Bytes bytes_per_token{};
  std::optional<BytesPerSecond> rate{};  // one way, of one sender; absent: infinite
  Duration latency{};                    // of each transfer; the link is free meanwhile
};

struct KvLinkStats {
  std::uint64_t transfers = 0;
  Bytes bytes{};
  Duration busy{};    // sum over transfers of the time that the link was theirs
  Duration queued{};  // and of the wait for it
};

// The links of all senders. Transfers of one sender follow one another in the order in which they
// were asked for; those of different senders do not meet.
//
// Source: Zhong et al., "DistServe", OSDI 2024, section 3.3; Patel et al., "Splitwise", ISCA 2024,
// section IV-C (without the overlap of transfer and prefill by layers); Qin et al., "Mooncake",
// FAST 2025.
class KvLinks {
 public:
  KvLinks(const KvLink& link, std::size_t senders) : link_(link), free_at_(senders) {}

  // When the KV of `tokens`, sent at `now`, has arrived.
  Time send(std::size_t sender, Tokens tokens, Time now);
  const KvLinkStats& stats() const { return stats_; }

 private:
  KvLink link_;
  std::vector<Time> free_at_;
  KvLinkStats stats_;
};

}  // namespace inferbench
