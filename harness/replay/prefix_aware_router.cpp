#include "harness/replay/prefix_aware_router.hpp"

#include <algorithm>

namespace inferbench {
namespace {

// The hash of a block and all before it (the finaliser of SplitMix64 over the sum).
std::uint64_t chained(std::uint64_t before, std::uint64_t block) {
  std::uint64_t x = before * 0x9E3779B97F4A7C15U + block + 0x9E3779B97F4A7C15U;
  x = (x ^ (x >> 30)) * 0xBF58476D1CE4E5B9U;
  x = (x ^ (x >> 27)) * 0x94D049BB133111EBU;
  return x ^ (x >> 31);
}

}  // namespace

std::size_t PrefixAwareRouter::pick(const Request& request, const ReplicaLoads& replicas) {
  std::size_t chosen = replicas.least_loaded();
  if (request.prefix_blocks.empty()) return chosen;
  const Match match = longest_match(request, replicas);
  const double share =
      static_cast<double>(match.blocks) / static_cast<double>(request.prefix_blocks.size());
  if (!match.replicas.empty() && share >= options_.least_match) {
    const std::uint32_t nearest = *std::min_element(
        match.replicas.begin(), match.replicas.end(),
        [&](std::uint32_t left, std::uint32_t right) { return replicas[left] < replicas[right]; });
    if (within_bound(nearest, replicas)) chosen = nearest;
  }
  remember(request, chosen);
  return chosen;
}

PrefixAwareRouter::Match PrefixAwareRouter::longest_match(const Request& request,
                                                          const ReplicaLoads& replicas) const {
  Match best;
  std::vector<std::uint32_t> takers;
  std::uint64_t hash = 0;
  for (std::size_t b = 0; b < request.prefix_blocks.size(); ++b) {
    hash = chained(hash, request.prefix_blocks[b]);
    const auto found = index_.find(hash);
    if (found == index_.end()) break;
    takers.clear();
    for (const std::uint32_t replica : found->second->replicas) {
      if (replicas.takes(replica)) takers.push_back(replica);
    }
    if (takers.empty()) break;
    best.blocks = b + 1;
    best.replicas.swap(takers);
  }
  return best;
}

bool PrefixAwareRouter::within_bound(std::size_t replica, const ReplicaLoads& replicas) const {
  const std::int64_t own = replicas[replica].open_requests;
  const std::int64_t idlest = replicas[replicas.least_loaded()].open_requests;
  return own <= idlest + options_.spare ||
         static_cast<double>(own) <= options_.ratio * static_cast<double>(idlest);
}

void PrefixAwareRouter::remember(const Request& request, std::size_t replica) {
  const auto own = static_cast<std::uint32_t>(replica);
  std::vector<std::uint64_t> hashes;
  std::uint64_t hash = 0;
  for (const std::uint64_t block : request.prefix_blocks) {
    hashes.push_back(hash = chained(hash, block));
  }
  // From the last block to the first, so that a prefix is always younger than what continues it.
  for (auto at = hashes.rbegin(); at != hashes.rend(); ++at) {
    const auto found = index_.find(*at);
    if (found == index_.end()) {
      age_.push_front({.hash = *at, .replicas = {own}});
      index_.emplace(*at, age_.begin());
      continue;
    }
    age_.splice(age_.begin(), age_, found->second);
    std::vector<std::uint32_t>& known = found->second->replicas;
    const auto place = std::lower_bound(known.begin(), known.end(), own);
    if (place == known.end() || *place != own) known.insert(place, own);
  }
  while (index_.size() > options_.blocks) {
    index_.erase(age_.back().hash);
    age_.pop_back();
  }
}

}  // namespace inferbench
