#pragma once

#include <cstdint>
#include <unordered_set>

#include "workloads/request.hpp"

namespace inferbench {

// How much of the prompts an unbounded prefix cache would have held already: for each request the
// longest run of leading blocks that some earlier request began with too. Cold at the first
// request; every prompt is in the cache the moment its request arrives, so this is a bound from
// above for any real cache. A fully cached prompt counts whole, although a server computes its last
// token again.
//
// A block is known by the blocks before it, so a hash that appears again behind another prefix is
// no hit. Holds one entry per different block.
class IdealPrefixCache {
 public:
  explicit IdealPrefixCache(Tokens block_tokens) : block_tokens_(block_tokens) {}

  // Looks the request up, then adds its blocks. Returns the tokens that were there.
  Tokens add(const Request& request);

  std::uint64_t blocks() const { return blocks_; }
  std::uint64_t hit_blocks() const { return hit_blocks_; }
  std::uint64_t unique_blocks() const { return seen_.size(); }
  Tokens tokens() const { return tokens_; }  // of all prompts
  Tokens hit_tokens() const { return hit_tokens_; }
  double block_hit_rate() const;  // of blocks; 0 when there are none
  double token_hit_rate() const;  // of prompt tokens

 private:
  Tokens block_tokens_;
  std::unordered_set<std::uint64_t> seen_;  // chained hashes; only looked up, never walked
  std::uint64_t blocks_ = 0, hit_blocks_ = 0;
  Tokens tokens_{}, hit_tokens_{};
};

}  // namespace inferbench
