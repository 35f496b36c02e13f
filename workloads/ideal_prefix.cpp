#include "workloads/ideal_prefix.hpp"

#include <algorithm>

namespace inferbench {
namespace {

// Order matters, so equal results mean equal sequences (but for a chance of 2^-64 per pair).
std::uint64_t chained(std::uint64_t before, std::uint64_t block) {
  std::uint64_t z = (before ^ (block + 0x9E3779B97F4A7C15ULL)) * 0xBF58476D1CE4E5B9ULL;
  z = (z ^ (z >> 30)) * 0x94D049BB133111EBULL;
  return z ^ (z >> 31);
}

double ratio(double part, double whole) {
  return whole > 0 ? part / whole : 0;
}

}  // namespace

Tokens IdealPrefixCache::add(const Request& request) {
  std::uint64_t chain = 0;
  std::uint64_t hits = 0;
  bool hitting = true;
  for (const std::uint64_t block : request.prefix_blocks) {
    chain = chained(chain, block);
    const bool added = seen_.insert(chain).second;
    hitting = hitting && !added;
    if (hitting) ++hits;
  }
  // The last block may be partial.
  const Tokens hit = std::min(request.input, block_tokens_ * static_cast<std::int64_t>(hits));
  blocks_ += request.prefix_blocks.size();
  hit_blocks_ += hits;
  tokens_ += request.input;
  hit_tokens_ += hit;
  return hit;
}

double IdealPrefixCache::block_hit_rate() const {
  return ratio(static_cast<double>(hit_blocks_), static_cast<double>(blocks_));
}

double IdealPrefixCache::token_hit_rate() const {
  return ratio(static_cast<double>(hit_tokens_.count()), static_cast<double>(tokens_.count()));
}

}  // namespace inferbench
