#include "harness/schedule/kv_block_pool.hpp"

#include <algorithm>

#include "harness/base/error.hpp"

namespace inferbench {

KvBlockPool::KvBlockPool(std::int64_t blocks, Tokens block_tokens)
    : capacity_(blocks), block_tokens_(block_tokens) {
  ensure(blocks >= 1, "a KV pool has a block");
  ensure(block_tokens >= Tokens(1), "a KV block holds a token");
}

std::int64_t KvBlockPool::blocks_for(Tokens tokens) const {
  return (tokens.count() + block_tokens_.count() - 1) / block_tokens_.count();
}

bool KvBlockPool::reserve(std::size_t table, Tokens tokens) {
  if (table >= tables_.size()) tables_.resize(table + 1);
  std::vector<BlockId>& blocks = tables_[table];
  const std::int64_t missing = blocks_for(tokens) - static_cast<std::int64_t>(blocks.size());
  if (missing <= 0) return true;
  if (missing > free()) return false;
  for (std::int64_t i = 0; i < missing; ++i) blocks.push_back(take());
  used_ += missing;
  peak_used_ = std::max(peak_used_, used_);
  return true;
}

BlockId KvBlockPool::take() {
  if (freed_.empty()) return BlockId(static_cast<std::uint64_t>(fresh_++));
  const BlockId block = freed_.back();
  freed_.pop_back();
  return block;
}

void KvBlockPool::shrink(std::size_t table, Tokens tokens) {
  if (table >= tables_.size()) return;
  std::vector<BlockId>& blocks = tables_[table];
  const auto kept = static_cast<std::size_t>(blocks_for(tokens));
  for (; blocks.size() > kept; --used_) {
    freed_.push_back(blocks.back());
    blocks.pop_back();
  }
}

void KvBlockPool::release(std::size_t table) {
  if (table >= tables_.size()) return;
  std::vector<BlockId>& blocks = tables_[table];
  freed_.insert(freed_.end(), blocks.begin(), blocks.end());
  used_ -= static_cast<std::int64_t>(blocks.size());
  blocks.clear();
}

std::span<const BlockId> KvBlockPool::blocks(std::size_t table) const {
  if (table >= tables_.size()) return {};
  return tables_[table];
}

Tokens KvBlockPool::room(std::size_t table) const {
  return block_tokens_ * static_cast<std::int64_t>(blocks(table).size());
}

void KvBlockPool::check() const {
  std::vector<int> owners(static_cast<std::size_t>(fresh_), 0);
  std::int64_t in_tables = 0;
  const auto count = [&](const std::vector<BlockId>& blocks) {
    for (const BlockId block : blocks) {
      ensure(block.index() < owners.size(), "a KV block in use was handed out");
      ++owners[block.index()];
    }
  };
  for (const auto& table : tables_) {
    count(table);
    in_tables += static_cast<std::int64_t>(table.size());
  }
  count(freed_);
  ensure(in_tables == used_, "the tables hold the used KV blocks");
  ensure(std::all_of(owners.begin(), owners.end(), [](int n) { return n == 1; }),
         "a KV block is free or in exactly one table");
  ensure(fresh_ <= capacity_ && free() + used() == capacity(), "free + used = capacity");
}

}  // namespace inferbench
