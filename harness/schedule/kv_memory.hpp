#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include "harness/base/units.hpp"
#include "harness/schedule/kv_block_pool.hpp"
#include "harness/schedule/kv_options.hpp"
#include "harness/schedule/kv_stats.hpp"
#include "harness/schedule/prefix_cache.hpp"
#include "workloads/request.hpp"

namespace inferbench {

// The KV memory of one attention rank as a scheduler uses it: a block pool, a prefix cache in front
// of it, and host memory behind it. Tables are named by the scheduler's slots. Cached prefixes that
// nobody uses count as free; they are evicted when their blocks are needed.
class KvMemory {
 public:
  KvMemory(std::int64_t blocks, Tokens block_tokens, const KvOptions& options);

  // A request enters the queue. `fresh`: its prompt is to be computed here.
  void open(std::size_t slot, const Request& request);
  // It leaves for good; `computed` tokens of it are in its blocks, if it has any.
  void close(std::size_t slot, Tokens computed);

  // Blocks for `tokens` of a queued request, `known` of which are to be computed, if `keep_free`
  // are left besides. Returns how many of them are cached: whole KV blocks, and always fewer than
  // known. nullopt, and nothing changes, when too few blocks are free.
  std::optional<Tokens> start(std::size_t slot, Tokens known, Tokens tokens,
                              std::int64_t keep_free);
  // The same for one that comes with keys and values: from another machine, or swapped out.
  bool start_with(std::size_t slot, Tokens tokens, std::int64_t keep_free);
  // Grows a running request's table; false, and nothing changes, when too few blocks are free.
  bool reserve(std::size_t slot, Tokens tokens);
  // Gives back the blocks behind those that hold the first `tokens`, which no prompt needs.
  void shrink(std::size_t slot, Tokens tokens) { pool_.shrink(slot, tokens); }
  // Its first `computed` tokens are computed, or will be before anything planned later.
  void note_computed(std::size_t slot, Tokens computed);
  // Its blocks are free; it goes back to the queue.
  void release(std::size_t slot);

  // Moves `tokens` of a running request to the host, with release(); false: there is no room.
  bool swap_out(std::size_t slot, Tokens tokens);

  // Tokens moved since the last call, for BatchPlan.
  Tokens take_to_host() { return std::exchange(pending_to_host_, Tokens(0)); }
  Tokens take_from_host() { return std::exchange(pending_from_host_, Tokens(0)); }

  std::int64_t blocks_for(Tokens tokens) const { return pool_.blocks_for(tokens); }
  Tokens room(std::size_t slot) const { return pool_.room(slot); }
  std::span<const BlockRun> runs(std::size_t slot) const { return pool_.runs(slot); }
  Tokens block_tokens() const { return pool_.block_tokens(); }
  std::int64_t capacity() const { return pool_.capacity(); }
  std::int64_t used() const { return capacity() - free(); }
  std::int64_t free() const { return pool_.free() + (cache_ ? cache_->evictable() : 0); }
  // Of the free ones, those that can be taken without moving a prefix to the host.
  std::int64_t free_without_transfer() const {
    return options_.cpu_tier > Tokens(0) ? pool_.free() : free();
  }
  std::int64_t peak_used() const { return peak_used_; }
  bool contiguous() const { return options_.layout == KvOptions::Layout::contiguous; }

  KvStats stats() const;
  // A step was planned; `filled`: computed tokens of the running requests, it included.
  void note_usage(Tokens filled);
  // `times` repetitions of a step of `batch` decodes; before a sequence's table grows for them.
  void note_repeated_usage(Tokens filled, std::int64_t batch, std::int64_t times);
  // What a table of `room` adds to that, growing with its tokens from `computed` on.
  void note_repeated_growth(Tokens room, Tokens computed, std::int64_t times);
  const PrefixCache* cache() const { return cache_.get(); }

  // Throws std::logic_error when blocks are lost or counted twice. For tests: O(n).
  void check() const;

 private:
  struct Prompt {
    std::vector<std::uint64_t> keys;
    SessionId session{};
    Tokens input{};
    PrefixCache::Hold hold;
    bool counted = false;  // in the hit rate
  };

  bool make_room(std::int64_t blocks);
  void note_peak() { peak_used_ = std::max(peak_used_, used()); }
  void count_start(Prompt& prompt, Tokens hit, Tokens from_host);

  KvOptions options_;
  KvBlockPool pool_;
  std::unique_ptr<PrefixCache> cache_;  // null: off, or requests carry no hashes
  std::vector<Prompt> prompts_;         // by slot, with a cache
  std::vector<Tokens> swapped_;         // by slot: on the host
  Tokens host_used_{}, pending_to_host_{}, pending_from_host_{};
  std::int64_t peak_used_ = 0;
  // The last start() that found too few blocks: fails again while nothing was freed or cached.
  struct Refusal {
    std::size_t slot = 0;
    std::int64_t free = -1, keep_free = 0;
    std::uint64_t insertions = 0;
  } refusal_;
  KvStats stats_;
};

}  // namespace inferbench
