#pragma once

#include <cstdint>
#include <queue>
#include <span>
#include <unordered_map>
#include <vector>

#include "harness/base/ids.hpp"
#include "harness/base/units.hpp"
#include "harness/schedule/kv_block_pool.hpp"

namespace inferbench {

struct PrefixCacheStats {
  std::int64_t evicted_blocks = 0;  // left the GPU, to host memory or for good
  std::int64_t to_host = 0;         // of these, moved to the CPU tier
  std::int64_t from_host = 0;       // blocks that came back from it
  std::int64_t host_evicted = 0;    // blocks that left the CPU tier for good
};

// Keys and values of prompts that were computed before: a radix tree over the keys of prompt units
// (prefix_keys.hpp). Each node holds a run of units that no prompt has left or ended in so far, and
// references to the pool's blocks of their tokens. Whoever uses a prefix holds its deepest node,
// which protects the whole path.
//
// Only whole KV blocks are kept. The last unit of a node without children may be filled in part,
// while its prompt is being computed or where it ended.
//
// Evicted are the last blocks of the leaf that was let go the longest ago; never what is held, or
// what lies before something held. With a CPU tier the evicted units move to host memory, whole
// units at a time, and are evicted there by the same rule; below a node on the host there are only
// nodes on the host.
//
// Sources: Zheng et al., "SGLang: Efficient Execution of Structured Language Model Programs",
// NeurIPS 2024, section 3 (radix tree, LRU eviction of leaves, reference counts); Qin et al.,
// "Mooncake", FAST 2025, section 4 (tiers).
class PrefixCache {
 public:
  using Node = std::uint32_t;

  // What a sequence holds: a node, and how many tokens of the path that ends there stand in the
  // cache's own blocks in the sequence's table.
  struct Hold {
    Node node = 0;  // the root: nothing
    Tokens tokens{};
  };
  struct Match {
    Hold hold;
    Tokens device{};  // of hold.tokens, cached on the GPU; the rest is in the CPU tier
  };

  // Keeps a reference to the pool. `unit`: tokens per key, a multiple of the pool's block.
  // `host_blocks`: size of the CPU tier, 0 for none.
  PrefixCache(KvBlockPool& pool, Tokens unit, std::int64_t host_blocks = 0);

  // The longest cached prefix of a prompt, and holds it; hold.tokens are those of the whole path.
  // On the GPU its last unit may reach beyond `limit`; of the CPU tier only units that end within
  // it are taken.
  Match match(std::span<const std::uint64_t> keys, Tokens limit);
  // Appends the first `tokens` of a held path to an empty table; all on the GPU, whole blocks.
  void share(const Hold& hold, Tokens tokens, std::size_t table);
  // Copies what of the held path is in the CPU tier into the table's blocks of the same tokens.
  // Returns the tokens that were read.
  Tokens fetch(const Hold& hold, std::size_t table);
  // A prompt with these keys has its first `tokens` in the table's blocks: keeps the whole blocks
  // of them that are not cached yet, and holds them. Where somebody else cached the same meanwhile,
  // the table refers to those blocks and gives its own back.
  void insert(Hold& hold, std::span<const std::uint64_t> keys, Tokens tokens, std::size_t table);
  // The blocks of an answer, computed tokens [hold.tokens, tokens) of the table, which no key names
  // yet; kept behind the held prompt until the next turn of the session does.
  void insert_answer(Hold& hold, SessionId session, Tokens prompt, Tokens tokens,
                     std::size_t table);
  // Names the session's last answer with a prompt that goes on where it ended.
  void name_answer(SessionId session, std::span<const std::uint64_t> keys, Tokens prompt);
  // Lets go. `used`: the prefix counts as used now; false: as if it had never been held.
  void release(const Hold& hold, bool used = true);

  // Frees at least `blocks` of the pool; they are evictable.
  void evict(std::int64_t blocks);
  std::int64_t evictable() const { return evictable_; }   // blocks in nodes that nobody needs
  std::int64_t blocks() const { return device_blocks_; }  // of the pool, held here
  std::int64_t host_blocks() const { return host_used_; }
  std::int64_t host_capacity() const { return host_capacity_; }
  std::size_t nodes() const { return nodes_.size() - unused_.size() - 1; }
  // Counts what was added: a match that failed for want of blocks can only change after it did.
  std::uint64_t insertions() const { return insertions_; }
  const PrefixCacheStats& stats() const { return stats_; }

  // The blocks it refers to, for KvBlockPool::check. Throws std::logic_error if the tree is broken.
  std::vector<BlockRun> check() const;

 private:
  static constexpr Node kRoot = 0;
  static constexpr Node kNone = ~Node{0};

  struct Entry {
    std::vector<std::uint64_t> keys;  // one per unit
    std::vector<BlockRun> runs;       // on the GPU; empty in the CPU tier
    Tokens begin{}, end{};            // its tokens, counted from the start of the prompt
    Node parent = kNone;
    std::int32_t children = 0, device_children = 0;
    std::int32_t holds = 0;  // of this node and all below it
    std::uint64_t used = 0;  // when it was let go last
    SessionId session{};     // of an answer that has no keys yet
    bool named = true;       // false: such an answer; it has no edge and no keys
    bool on_host = false;
    bool alive = false;
  };
  struct Edge {
    Node parent;
    std::uint64_t key;
    bool operator==(const Edge&) const = default;
  };
  struct EdgeHash {
    std::size_t operator()(const Edge& edge) const;
  };
  struct Candidate {
    std::uint64_t used;
    Node node;
    bool operator>(const Candidate& other) const {
      return used != other.used ? used > other.used : node > other.node;
    }
  };
  using Queue = std::priority_queue<Candidate, std::vector<Candidate>, std::greater<>>;
  struct Answer {
    Node node = kNone;
    Tokens prompt{};
  };

  std::int64_t blocks_of(const Entry& entry) const;
  bool ends_inside_a_unit(const Entry& entry) const;
  std::size_t units_to(Tokens tokens) const;  // that the first `tokens` of a prompt touch
  Node child(Node parent, std::uint64_t key) const;
  // How many units of a node agree with the keys from its first unit on.
  std::size_t common(Node node, std::span<const std::uint64_t> keys) const;
  // At most `units` of a node, so that none ends after `limit`.
  std::size_t whole_units(Node node, std::size_t units, Tokens limit) const;
  bool begins_with(Node node, std::span<const std::uint64_t> keys, std::size_t units) const;
  Node make(Node parent, Tokens begin);
  void detach(Node node);
  // The first `units` of a node become its parent, which is returned.
  Node split(Node node, std::size_t units);
  Node first_units(Node node, std::size_t units);
  void hold_one(Node node);
  void fill(Hold& hold, Tokens end, std::size_t table);
  void bring_back(Node node, std::size_t table);
  bool step_into(Hold& hold, Node next, std::span<const std::uint64_t> keys, Tokens target,
                 std::size_t table);
  void adopt(Hold& hold, Tokens end, std::size_t table);
  void append(Hold& hold, std::span<const std::uint64_t> keys, Tokens target, std::size_t table);
  void offer(Node node);
  bool is_candidate(Node node, bool on_host) const;
  Node oldest(bool on_host);
  void trim(Node node, std::int64_t blocks);
  std::int64_t evict_to_host(Node node, std::int64_t blocks);
  bool make_host_room(std::int64_t blocks);
  void merge_answer(Node prompt_end, Node answer, std::span<const std::uint64_t> keys);

  KvBlockPool& pool_;
  Tokens unit_;
  std::int64_t unit_blocks_;
  std::int64_t host_capacity_, host_used_ = 0;
  std::int64_t device_blocks_ = 0, evictable_ = 0;
  std::uint64_t now_ = 0, insertions_ = 0;
  std::vector<Entry> nodes_;
  std::vector<Node> unused_;
  std::unordered_map<Edge, Node, EdgeHash> edges_;     // only looked up, never walked
  std::unordered_map<std::uint32_t, Answer> answers_;  // by session; the same
  Queue device_queue_, host_queue_;                    // with stale entries
  PrefixCacheStats stats_;
};

}  // namespace inferbench
