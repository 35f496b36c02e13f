#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "harness/base/ids.hpp"
#include "harness/base/units.hpp"

namespace inferbench {

// Neighbouring KV blocks: first, first + 1, ... Most tables are a few runs, and moving one costs
// the same whatever its length.
struct BlockRun {
  std::uint32_t first = 0, count = 0;
};

// The blocks of `runs` from number `begin` on, `count` of them; there are that many.
std::vector<BlockRun> slice(std::span<const BlockRun> runs, std::int64_t begin, std::int64_t count);
std::int64_t block_count(std::span<const BlockRun> runs);

// The KV blocks of one attention rank: a free list, and one block table per request. Blocks of a
// request need not be neighbours, so that less than one block per request is wasted. A table is
// named by a small dense index that its user chooses (a slot, not a request id).
//
// Blocks are counted references: tables share what they have in common (a forked sequence, a cached
// prefix), and whoever writes to a block that others hold copies it first.
//
// Always: free() + used() == capacity(), and a block is free if and only if nobody refers to it.
//
// Source: Kwon et al., "Efficient Memory Management for Large Language Model Serving with
// PagedAttention", SOSP 2023, sections 4.2 to 4.4.
class KvBlockPool {
 public:
  KvBlockPool(std::int64_t blocks, Tokens block_tokens);

  // Grows a table until it holds `tokens`. False, and nothing changes, when too few are free.
  bool reserve(std::size_t table, Tokens tokens);
  // Grows a table by so many blocks; they are free.
  void grow(std::size_t table, std::int64_t blocks) { take(table_at(table), blocks); }
  // Gives back the blocks behind those that hold the first `tokens`.
  void shrink(std::size_t table, Tokens tokens);
  // Gives all blocks of a table back; those nobody else refers to are free, the most recently
  // reserved first in line for reuse.
  void release(std::size_t table);

  // `to`, an empty table, becomes a reference to all blocks of `from`: parallel samples and beams.
  void fork(std::size_t from, std::size_t to);
  // Makes room for tokens [begin, end) of a table and makes them its own: grows it, and copies the
  // block of `begin` if it is written in the middle and somebody else refers to it. False, and
  // nothing changes, when too few blocks are free. begin <= end; everything before begin is
  // written.
  bool write(std::size_t table, Tokens begin, Tokens end);
  std::int64_t copies() const { return copies_; }  // blocks that write() copied

  // The table's blocks from number `begin` on become references to these, which hold the same.
  void replace(std::size_t table, std::int64_t begin, std::span<const BlockRun> runs);

  // Further references to blocks in use: at the end of a table, or held by the caller.
  void share(std::size_t table, std::span<const BlockRun> runs);
  void retain(std::span<const BlockRun> runs);
  void drop(std::span<const BlockRun> runs);

  std::int64_t blocks_for(Tokens tokens) const {
    return (tokens.count() + block_tokens_.count() - 1) / block_tokens_.count();
  }
  // Tokens that the table's blocks can hold.
  Tokens room(std::size_t table) const { return block_tokens_ * size(table); }
  std::int64_t size(std::size_t table) const;  // its blocks
  std::span<const BlockRun> runs(std::size_t table) const;
  std::vector<BlockId> blocks(std::size_t table) const;  // one by one, in token order

  std::int64_t capacity() const { return capacity_; }
  std::int64_t used() const { return used_; }
  std::int64_t free() const { return capacity_ - used_; }
  std::int64_t peak_used() const { return peak_used_; }
  std::int64_t in_tables() const { return in_tables_; }  // sum of the tables' sizes
  Tokens block_tokens() const { return block_tokens_; }

  // Throws std::logic_error unless each block has as many references as tables and `held` (those
  // outside tables) say, and is free exactly when it has none. For tests: O(n).
  void check(std::span<const BlockRun> held = {}) const;

 private:
  struct Table {
    std::vector<BlockRun> runs;
    std::int64_t size = 0;
  };

  Table& table_at(std::size_t table);
  void append(Table& table, BlockRun run);
  void take(Table& table, std::int64_t blocks);
  void refer(BlockRun run);
  void give_back(BlockRun run);

  std::int64_t capacity_;
  Tokens block_tokens_;
  std::int64_t used_ = 0, peak_used_ = 0, in_tables_ = 0, copies_ = 0;
  std::vector<std::uint32_t> references_;  // by block; its size is the first block never used, so
                                           // that a huge pool costs nothing
  std::vector<BlockRun> freed_;            // used before, free now; the last is taken first
  std::vector<Table> tables_;
};

}  // namespace inferbench
