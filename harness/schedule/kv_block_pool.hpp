#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "harness/base/ids.hpp"
#include "harness/base/units.hpp"

namespace inferbench {

// The KV blocks of one attention rank: a free list, and one block table per request. Blocks of a
// request need not be neighbours, so that less than one block per request is wasted. A table is
// named by a small dense index that its user chooses (a slot, not a request id).
//
// Always: free() + used() == capacity(), and every block is free or in exactly one table.
//
// Source: Kwon et al., "Efficient Memory Management for Large Language Model Serving with
// PagedAttention", SOSP 2023, section 4.2.
class KvBlockPool {
 public:
  KvBlockPool(std::int64_t blocks, Tokens block_tokens);

  // Grows a table until it holds `tokens`. False, and nothing changes, when too few are free.
  bool reserve(std::size_t table, Tokens tokens);
  // Gives back the blocks behind those that hold the first `tokens`.
  void shrink(std::size_t table, Tokens tokens);
  // Gives all blocks of a table back, most recently reserved first in line for reuse.
  void release(std::size_t table);

  std::int64_t blocks_for(Tokens tokens) const;
  // Tokens that the table's blocks can hold.
  Tokens room(std::size_t table) const;
  std::span<const BlockId> blocks(std::size_t table) const;

  std::int64_t capacity() const { return capacity_; }
  std::int64_t used() const { return used_; }
  std::int64_t free() const { return capacity_ - used_; }
  std::int64_t peak_used() const { return peak_used_; }
  Tokens block_tokens() const { return block_tokens_; }

  // Throws std::logic_error unless every block is free or in exactly one table. For tests: O(n).
  void check() const;

 private:
  BlockId take();

  std::int64_t capacity_;
  Tokens block_tokens_;
  std::int64_t used_ = 0, peak_used_ = 0;
  std::int64_t fresh_ = 0;      // blocks from here on were never used, so a huge pool costs nothing
  std::vector<BlockId> freed_;  // used before, free now; the last is taken first
  std::vector<std::vector<BlockId>> tables_;
};

}  // namespace inferbench
