#include "harness/schedule/kv_block_pool.hpp"

#include <algorithm>

#include "harness/base/error.hpp"

namespace inferbench {
namespace {

void extend(std::vector<BlockRun>& runs, BlockRun run) {
  if (!runs.empty() && runs.back().first + runs.back().count == run.first) {
    runs.back().count += run.count;
  } else {
    runs.push_back(run);
  }
}

}  // namespace

std::vector<BlockRun> slice(std::span<const BlockRun> runs, std::int64_t begin,
                            std::int64_t count) {
  std::vector<BlockRun> out;
  for (const BlockRun& run : runs) {
    if (count == 0) break;
    if (begin >= run.count) {
      begin -= run.count;
      continue;
    }
    const auto skipped = static_cast<std::uint32_t>(begin);
    const auto taken =
        static_cast<std::uint32_t>(std::min<std::int64_t>(count, run.count - skipped));
    out.push_back({run.first + skipped, taken});
    count -= taken;
    begin = 0;
  }
  ensure(count == 0, "a slice lies within its blocks");
  return out;
}

std::int64_t block_count(std::span<const BlockRun> runs) {
  std::int64_t count = 0;
  for (const BlockRun& run : runs) count += run.count;
  return count;
}

KvBlockPool::KvBlockPool(std::int64_t blocks, Tokens block_tokens)
    : capacity_(blocks), block_tokens_(block_tokens) {
  ensure(blocks >= 1, "a KV pool has a block");
  ensure(blocks <= std::int64_t{0xFFFFFFFF}, "a KV pool has at most 2^32 - 1 blocks");
  ensure(block_tokens >= Tokens(1), "a KV block holds a token");
}

KvBlockPool::Table& KvBlockPool::table_at(std::size_t table) {
  if (table >= tables_.size()) tables_.resize(table + 1);
  return tables_[table];
}

bool KvBlockPool::reserve(std::size_t table, Tokens tokens) {
  Table& own = table_at(table);
  const std::int64_t missing = blocks_for(tokens) - own.size;
  if (missing <= 0) return true;
  if (missing > free()) return false;
  take(own, missing);
  return true;
}

void KvBlockPool::take(Table& table, std::int64_t blocks) {
  ensure(blocks <= free(), "the KV blocks taken are free");
  used_ += blocks;
  peak_used_ = std::max(peak_used_, used_);
  while (blocks > 0 && !freed_.empty()) {
    BlockRun& last = freed_.back();
    const auto taken = static_cast<std::uint32_t>(std::min<std::int64_t>(blocks, last.count));
    last.count -= taken;
    const BlockRun run{last.first + last.count, taken};
    if (last.count == 0) freed_.pop_back();
    for (std::uint32_t block = run.first; block < run.first + taken; ++block)
      references_[block] = 1;
    append(table, run);
    blocks -= taken;
  }
  if (blocks == 0) return;
  const auto fresh = static_cast<std::uint32_t>(references_.size());
  references_.resize(references_.size() + static_cast<std::size_t>(blocks), 1);
  append(table, {fresh, static_cast<std::uint32_t>(blocks)});
}

void KvBlockPool::append(Table& table, BlockRun run) {
  extend(table.runs, run);
  table.size += run.count;
  in_tables_ += run.count;
}

void KvBlockPool::refer(BlockRun run) {
  for (std::uint32_t block = run.first; block < run.first + run.count; ++block) {
    ensure(references_[block] > 0, "a shared KV block is in use");
    ++references_[block];
  }
}

// One reference less to each block of a run; those without any become free, as runs again.
void KvBlockPool::give_back(BlockRun run) {
  const std::uint32_t end = run.first + run.count;
  for (std::uint32_t block = run.first; block < end; ++block) {
    ensure(references_[block] > 0, "a KV block is given back as often as it was taken");
    if (--references_[block] > 0) continue;
    --used_;
    if (!freed_.empty() && freed_.back().first + freed_.back().count == block) {
      ++freed_.back().count;
    } else {
      freed_.push_back({block, 1});
    }
  }
}

void KvBlockPool::shrink(std::size_t table, Tokens tokens) {
  if (table >= tables_.size()) return;
  Table& own = tables_[table];
  for (std::int64_t surplus = own.size - blocks_for(tokens); surplus > 0;) {
    BlockRun& last = own.runs.back();
    const auto taken = static_cast<std::uint32_t>(std::min<std::int64_t>(surplus, last.count));
    last.count -= taken;
    give_back({last.first + last.count, taken});
    if (last.count == 0) own.runs.pop_back();
    own.size -= taken;
    in_tables_ -= taken;
    surplus -= taken;
  }
}

void KvBlockPool::release(std::size_t table) {
  if (table >= tables_.size()) return;
  Table& own = tables_[table];
  for (const BlockRun& run : own.runs) give_back(run);
  in_tables_ -= own.size;
  own.runs.clear();
  own.size = 0;
}

void KvBlockPool::fork(std::size_t from, std::size_t to) {
  table_at(std::max(from, to));
  const std::vector<BlockRun> runs = tables_[from].runs;
  ensure(tables_[to].size == 0, "a fork fills an empty table");
  share(to, runs);
}

bool KvBlockPool::write(std::size_t table, Tokens begin, Tokens end) {
  Table& own = table_at(table);
  const std::int64_t at = begin.count() / block_tokens_.count();
  const bool inside = begin.count() % block_tokens_.count() != 0;
  ensure(at + (inside ? 1 : 0) <= own.size, "tokens before a write stand in the table's blocks");
  const std::int64_t missing = std::max<std::int64_t>(0, blocks_for(end) - own.size);
  const bool copies =
      inside && begin < end && references_[slice(own.runs, at, 1).front().first] > 1;
  if (missing + (copies ? 1 : 0) > free()) return false;
  if (copies) {
    Table copy;
    take(copy, 1);
    in_tables_ -= 1;  // it takes the place of the shared one
    std::vector<BlockRun> runs = slice(own.runs, 0, at);
    const BlockRun shared = slice(own.runs, at, 1).front();
    extend(runs, copy.runs.front());
    for (const BlockRun& run : slice(own.runs, at + 1, own.size - at - 1)) extend(runs, run);
    own.runs = std::move(runs);
    give_back(shared);
    ++copies_;
  }
  if (missing > 0) take(own, missing);
  return true;
}

void KvBlockPool::replace(std::size_t table, std::int64_t begin, std::span<const BlockRun> runs) {
  Table& own = table_at(table);
  const std::int64_t count = block_count(runs);
  const std::vector<BlockRun> old = slice(own.runs, begin, count);
  const std::vector<BlockRun> after = slice(own.runs, begin + count, own.size - begin - count);
  std::vector<BlockRun> all = slice(own.runs, 0, begin);
  for (const BlockRun& run : runs) {
    refer(run);
    extend(all, run);
  }
  for (const BlockRun& run : after) extend(all, run);
  own.runs = std::move(all);
  for (const BlockRun& run : old) give_back(run);
}

void KvBlockPool::share(std::size_t table, std::span<const BlockRun> runs) {
  Table& own = table_at(table);
  for (const BlockRun& run : runs) {
    refer(run);
    append(own, run);
  }
}

void KvBlockPool::retain(std::span<const BlockRun> runs) {
  for (const BlockRun& run : runs) refer(run);
}

void KvBlockPool::drop(std::span<const BlockRun> runs) {
  for (const BlockRun& run : runs) give_back(run);
}

std::int64_t KvBlockPool::size(std::size_t table) const {
  return table < tables_.size() ? tables_[table].size : 0;
}

std::span<const BlockRun> KvBlockPool::runs(std::size_t table) const {
  if (table >= tables_.size()) return {};
  return tables_[table].runs;
}

std::vector<BlockId> KvBlockPool::blocks(std::size_t table) const {
  std::vector<BlockId> out;
  for (const BlockRun& run : runs(table)) {
    for (std::uint32_t i = 0; i < run.count; ++i) out.emplace_back(run.first + i);
  }
  return out;
}

void KvBlockPool::check(std::span<const BlockRun> held) const {
  std::vector<std::uint32_t> references(references_.size(), 0);
  std::vector<int> frees(references_.size(), 0);
  const auto count = [](auto& counts, std::span<const BlockRun> runs) {
    for (const BlockRun& run : runs) {
      ensure(run.first + std::size_t{run.count} <= counts.size(), "a KV block was handed out");
      for (std::uint32_t i = 0; i < run.count; ++i) ++counts[run.first + i];
    }
  };
  std::int64_t in_tables = 0;
  for (const Table& table : tables_) {
    count(references, table.runs);
    ensure(table.size == block_count(table.runs), "a table knows its size");
    in_tables += table.size;
  }
  count(references, held);
  count(frees, freed_);
  ensure(in_tables == in_tables_, "the tables' blocks are counted");
  std::int64_t used = 0;
  for (std::size_t block = 0; block < references.size(); ++block) {
    ensure(references[block] == references_[block], "a KV block has as many references as owners");
    ensure(frees[block] == (references[block] == 0 ? 1 : 0),
           "a KV block is free exactly when nobody refers to it");
    used += references[block] > 0 ? 1 : 0;
  }
  ensure(used == used_, "blocks with references are the used ones");
  ensure(static_cast<std::int64_t>(references_.size()) <= capacity_ && free() + used_ == capacity(),
         "free + used = capacity");
}

}  // namespace inferbench
