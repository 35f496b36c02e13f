#pragma once

#include <cstdint>
#include <list>
#include <unordered_map>
#include <vector>

#include "harness/replay/router.hpp"

namespace inferbench {

// Sends a request where the longest prefix of its prompt was sent before, as long as that replica
// is not much busier than the idlest one; otherwise, and when too little matches, to the least
// loaded.
//
// The router keeps an index of its own of what it sent where: block hashes, each known by the
// blocks before it, with the replicas that were sent it, the least recently used dropped first. It
// never hears what a replica's cache holds, so it is approximate, as a router outside the engines
// is. Requests without prefix blocks go to the least loaded.
//
// Source: SGLang's cache-aware router (Zheng et al., "SGLang: Efficient Execution of Structured
// Language Model Programs", 2024; its sgl-router): an approximate tree per worker, the matched
// share against a threshold, the shortest queue when loads are out of balance. Srivatsa et al.,
// "Preble: Efficient Distributed Prompt Scheduling for LLM Serving", 2024: exploit the cache unless
// load forbids it. Here the bound looks at the replica chosen, not at the busiest one.
class PrefixAwareRouter final : public Router {
 public:
  struct Options {
    double least_match = 0.5;       // share of the prompt's blocks that must match
    std::int64_t spare = 32;        // open requests above the idlest replica's that are always fine
    double ratio = 1.5;             // and times the idlest replica's load that are
    std::size_t blocks = 1u << 20;  // entries of the index
  };

  PrefixAwareRouter() : PrefixAwareRouter(Options{}) {}
  explicit PrefixAwareRouter(const Options& options) : options_(options) {}

  std::size_t pick(const Request& request, const ReplicaLoads& replicas) override;
  std::size_t indexed_blocks() const { return index_.size(); }

 private:
  struct Entry {
    std::uint64_t hash = 0;
    std::vector<std::uint32_t> replicas;  // ascending
  };
  using Age = std::list<Entry>;  // most recently used first

  struct Match {
    std::size_t blocks = 0;
    std::vector<std::uint32_t> replicas;  // that were sent the longest prefix and take requests
  };

  Match longest_match(const Request& request, const ReplicaLoads& replicas) const;
  bool within_bound(std::size_t replica, const ReplicaLoads& replicas) const;
  void remember(const Request& request, std::size_t replica);

  Options options_;
  Age age_;
  std::unordered_map<std::uint64_t, Age::iterator> index_;  // only looked up, never walked
};

}  // namespace inferbench
