#include "harness/schedule/prefix_cache.hpp"

#include <algorithm>
#include <utility>

#include "harness/base/error.hpp"

namespace inferbench {

PrefixCache::PrefixCache(KvBlockPool& pool, Tokens unit, std::int64_t host_blocks)
    : pool_(pool),
      unit_(unit),
      unit_blocks_(unit.count() / pool.block_tokens().count()),
      host_capacity_(host_blocks) {
  ensure(unit_blocks_ >= 1 && unit == pool.block_tokens() * unit_blocks_,
         "a prefix unit is whole KV blocks");
  nodes_.emplace_back().alive = true;
}

std::size_t PrefixCache::EdgeHash::operator()(const Edge& edge) const {
  std::uint64_t z = (edge.key ^ (std::uint64_t{edge.parent} << 32)) * 0x9E3779B97F4A7C15ULL;
  z = (z ^ (z >> 29)) * 0xBF58476D1CE4E5B9ULL;
  return static_cast<std::size_t>(z ^ (z >> 32));
}

PrefixCache::Match PrefixCache::match(std::span<const std::uint64_t> keys, Tokens limit) {
  Match match;
  Node at = kRoot;
  std::size_t done = 0;
  while (done < keys.size()) {
    const Node next = child(at, keys[done]);
    if (next == kNone) break;
    std::size_t units = common(next, keys.subspan(done));
    if (nodes_[next].on_host) units = whole_units(next, units, limit);
    if (units == 0) break;
    const bool partly = units < nodes_[next].keys.size();
    at = first_units(next, units);
    done += units;
    hold_one(at);
    if (!nodes_[at].on_host) match.device = nodes_[at].end;
    if (partly) break;
  }
  match.hold = {.node = at, .tokens = nodes_[at].end};
  return match;
}

void PrefixCache::share(const Hold& hold, Tokens tokens, std::size_t table) {
  std::vector<Node> path;
  for (Node at = hold.node; at != kRoot; at = nodes_[at].parent) {
    if (nodes_[at].begin < tokens) path.push_back(at);
  }
  for (; !path.empty(); path.pop_back()) {
    const Entry& entry = nodes_[path.back()];
    const std::int64_t left = (tokens - entry.begin).count() / pool_.block_tokens().count();
    if (left >= blocks_of(entry)) {
      pool_.share(table, entry.runs);
    } else {
      pool_.share(table, slice(entry.runs, 0, left));
    }
  }
}

Tokens PrefixCache::fetch(const Hold& hold, std::size_t table) {
  std::vector<Node> path;
  for (Node at = hold.node; at != kRoot && nodes_[at].on_host; at = nodes_[at].parent) {
    path.push_back(at);
  }
  Tokens read;
  for (; !path.empty(); path.pop_back()) {
    const Node node = path.back();
    bring_back(node, table);
    read += nodes_[node].end - nodes_[node].begin;
    stats_.from_host += blocks_of(nodes_[node]);
  }
  return read;
}

void PrefixCache::insert(Hold& hold, std::span<const std::uint64_t> keys, Tokens tokens,
                         std::size_t table) {
  const std::int64_t block = pool_.block_tokens().count();
  const Tokens whole(tokens.count() / block * block);
  const Tokens target = std::min(whole, unit_ * static_cast<std::int64_t>(keys.size()));
  while (true) {
    const Tokens end = nodes_[hold.node].end;
    adopt(hold, std::min(end, whole), table);
    if (end >= target) return;
    if (ends_inside_a_unit(nodes_[hold.node])) {
      const Tokens unit_end = unit_ * static_cast<std::int64_t>(units_to(end));
      fill(hold, std::min(unit_end, target), table);
      continue;
    }
    const Node next = child(hold.node, keys[units_to(end)]);
    if (next == kNone) {
      append(hold, keys, target, table);
    } else if (!step_into(hold, next, keys, target, table)) {
      return;
    }
  }
}

// Somebody else cached the next units too: the hold moves on to them, as far as this prompt has
// come, so that nobody holds blocks beyond its own. In the CPU tier the blocks just computed take
// their place, without a transfer.
bool PrefixCache::step_into(Hold& hold, Node next, std::span<const std::uint64_t> keys,
                            Tokens target, std::size_t table) {
  const std::size_t done = units_to(hold.tokens);
  std::size_t units = common(next, keys.subspan(done, units_to(target) - done));
  units = whole_units(next, units, target);
  if (units == 0) return false;
  hold.node = first_units(next, units);
  hold_one(hold.node);
  if (!nodes_[hold.node].on_host) return true;
  bring_back(hold.node, table);
  hold.tokens = nodes_[hold.node].end;
  return true;
}

// The held node has tokens from hold.tokens to `end` that the table computed as well: one copy of
// them is enough.
void PrefixCache::adopt(Hold& hold, Tokens end, std::size_t table) {
  if (hold.tokens >= end) return;
  const Entry& entry = nodes_[hold.node];
  const std::int64_t block = pool_.block_tokens().count();
  const std::int64_t count = (end - hold.tokens).count() / block;
  pool_.replace(table, hold.tokens.count() / block,
                slice(entry.runs, (hold.tokens - entry.begin).count() / block, count));
  hold.tokens = end;
}

void PrefixCache::append(Hold& hold, std::span<const std::uint64_t> keys, Tokens target,
                         std::size_t table) {
  const std::size_t done = units_to(hold.tokens);
  const Entry& held = nodes_[hold.node];
  const bool own = hold.node != kRoot && held.holds == 1 && held.children == 0;
  if (!own) {
    hold.node = make(hold.node, hold.tokens);
    edges_[{nodes_[hold.node].parent, keys[done]}] = hold.node;
    hold_one(hold.node);
  }
  const auto added = keys.subspan(done, units_to(target) - done);
  std::vector<std::uint64_t>& own_keys = nodes_[hold.node].keys;
  own_keys.insert(own_keys.end(), added.begin(), added.end());
  fill(hold, target, table);
}

void PrefixCache::insert_answer(Hold& hold, SessionId session, Tokens prompt, Tokens tokens,
                                std::size_t table) {
  const std::int64_t block = pool_.block_tokens().count();
  const Tokens end(tokens.count() / block * block);
  const Tokens begin = nodes_[hold.node].end;
  if (begin != Tokens(prompt.count() / block * block) || begin >= end) return;
  const Node node = make(hold.node, begin);
  nodes_[node].named = false;
  nodes_[node].session = session;
  hold_one(node);
  hold.node = node;
  fill(hold, end, table);
  answers_[session.value] = {.node = node, .prompt = prompt};
}

void PrefixCache::name_answer(SessionId session, std::span<const std::uint64_t> keys,
                              Tokens prompt) {
  const auto found = answers_.find(session.value);
  if (found == answers_.end()) return;
  const Node answer = found->second.node;
  const Node prompt_end = nodes_[answer].parent;
  const auto whole = static_cast<std::size_t>(found->second.prompt.count() / unit_.count());
  const bool goes_on =
      nodes_[answer].end <= prompt && units_to(nodes_[answer].end) <= keys.size() &&
      nodes_[answer].begin == nodes_[prompt_end].end && begins_with(prompt_end, keys, whole);
  if (!goes_on || nodes_[answer].holds > 0) return;
  keys = keys.first(units_to(nodes_[answer].end));
  if (ends_inside_a_unit(nodes_[prompt_end])) {
    merge_answer(prompt_end, answer, keys);
    return;
  }
  const std::size_t done = units_to(nodes_[answer].begin);
  if (child(prompt_end, keys[done]) != kNone) return;
  edges_[{prompt_end, keys[done]}] = answer;
  nodes_[answer].keys.assign(keys.begin() + static_cast<std::ptrdiff_t>(done), keys.end());
  nodes_[answer].named = true;
  answers_.erase(found);
}

// The prompt ended inside a unit, which the answer fills: the two become one node, under the key
// that the next turn has for that unit.
void PrefixCache::merge_answer(Node prompt_end, Node answer, std::span<const std::uint64_t> keys) {
  const Entry& end = nodes_[prompt_end];
  if (end.holds > 0 || end.children > 1 || end.on_host != nodes_[answer].on_host) return;
  const std::size_t before = end.keys.size() - 1;
  if (before > 0) split(prompt_end, before);
  const Node parent = nodes_[prompt_end].parent;
  const std::size_t done = units_to(nodes_[prompt_end].begin);
  if (child(parent, keys[done]) != kNone) return;
  edges_.erase({parent, nodes_[prompt_end].keys.front()});
  edges_[{parent, keys[done]}] = prompt_end;
  Entry& merged = nodes_[prompt_end];
  Entry& last = nodes_[answer];
  merged.keys.assign(keys.begin() + static_cast<std::ptrdiff_t>(done), keys.end());
  merged.runs.insert(merged.runs.end(), last.runs.begin(), last.runs.end());
  merged.end = last.end;
  merged.used = last.used;
  last.runs.clear();
  last.begin = last.end;
  detach(answer);
  offer(prompt_end);
}

void PrefixCache::release(const Hold& hold, bool used) {
  if (used) ++now_;
  for (Node at = hold.node; at != kRoot; at = nodes_[at].parent) {
    Entry& entry = nodes_[at];
    if (used) entry.used = now_;
    if (--entry.holds > 0) continue;
    if (!entry.on_host) evictable_ += blocks_of(entry);
    offer(at);
  }
}

void PrefixCache::evict(std::int64_t blocks) {
  ensure(blocks <= evictable_, "only what is not held is evicted");
  while (blocks > 0) {
    const Node node = oldest(false);
    ensure(node != kNone, "an evictable KV block stands in a leaf or above one");
    std::int64_t gone = std::min(blocks, blocks_of(nodes_[node]));
    if (host_capacity_ > 0) {
      gone = evict_to_host(node, gone);
    } else {
      trim(node, gone);
    }
    stats_.evicted_blocks += gone;
    blocks -= gone;
  }
}

// Moves the last units of a leaf that hold `blocks`, and no more than the tier holds; returns how
// many blocks left. An answer without keys moves as a whole, or is dropped.
std::int64_t PrefixCache::evict_to_host(Node node, std::int64_t blocks) {
  if (nodes_[node].named) {
    const std::int64_t all = blocks_of(nodes_[node]);
    const std::int64_t keep = std::max((all - blocks) / unit_blocks_,
                                       (all - host_capacity_ + unit_blocks_ - 1) / unit_blocks_);
    if (keep > 0) split(node, static_cast<std::size_t>(keep));
  }
  const std::int64_t gone = blocks_of(nodes_[node]);
  // Without room for it nothing stands below it either: all that is not held made way, and an
  // answer, the one kind of node that can be larger than the tier, is always a leaf.
  if (gone > host_capacity_ || !make_host_room(gone)) {
    trim(node, gone);
    return gone;
  }
  Entry& entry = nodes_[node];
  pool_.drop(entry.runs);
  entry.runs.clear();
  entry.on_host = true;
  device_blocks_ -= gone;
  evictable_ -= gone;
  host_used_ += gone;
  stats_.to_host += gone;
  --nodes_[entry.parent].device_children;
  offer(entry.parent);
  offer(node);
  return gone;
}

bool PrefixCache::make_host_room(std::int64_t blocks) {
  while (host_used_ + blocks > host_capacity_) {
    const Node node = oldest(true);
    if (node == kNone) return false;
    const std::int64_t gone =
        std::min(host_used_ + blocks - host_capacity_, blocks_of(nodes_[node]));
    trim(node, gone);
    stats_.host_evicted += gone;
  }
  return true;
}

// Forgets the last blocks of a node without children that nobody holds.
void PrefixCache::trim(Node node, std::int64_t blocks) {
  Entry& entry = nodes_[node];
  ensure(entry.holds == 0 && entry.children == 0, "only what nobody needs is forgotten");
  const std::int64_t kept = blocks_of(entry) - blocks;
  if (entry.on_host) {
    host_used_ -= blocks;
  } else {
    pool_.drop(slice(entry.runs, kept, blocks));
    entry.runs = slice(entry.runs, 0, kept);
    device_blocks_ -= blocks;
    evictable_ -= blocks;
  }
  entry.end = entry.begin + pool_.block_tokens() * kept;
  if (kept == 0) {
    const Node parent = entry.parent;
    detach(node);
    offer(parent);
  } else {
    if (entry.named) entry.keys.resize(units_to(entry.end) - units_to(entry.begin));
    offer(node);
  }
}

std::int64_t PrefixCache::blocks_of(const Entry& entry) const {
  return (entry.end - entry.begin).count() / pool_.block_tokens().count();
}

bool PrefixCache::ends_inside_a_unit(const Entry& entry) const {
  return entry.end.count() % unit_.count() != 0;
}

std::size_t PrefixCache::units_to(Tokens tokens) const {
  return static_cast<std::size_t>((tokens.count() + unit_.count() - 1) / unit_.count());
}

PrefixCache::Node PrefixCache::child(Node parent, std::uint64_t key) const {
  const auto found = edges_.find({parent, key});
  return found == edges_.end() ? kNone : found->second;
}

std::size_t PrefixCache::common(Node node, std::span<const std::uint64_t> keys) const {
  const std::vector<std::uint64_t>& own = nodes_[node].keys;
  const std::size_t most = std::min(own.size(), keys.size());
  std::size_t units = 0;
  while (units < most && own[units] == keys[units]) ++units;
  return units;
}

std::size_t PrefixCache::whole_units(Node node, std::size_t units, Tokens limit) const {
  const Entry& entry = nodes_[node];
  if (units == entry.keys.size() && entry.end <= limit) return units;
  if (limit < entry.begin) return 0;
  const auto within = static_cast<std::size_t>((limit - entry.begin).count() / unit_.count());
  return std::min({units, within, entry.keys.size() - (ends_inside_a_unit(entry) ? 1 : 0)});
}

// Whether the path to a node has these keys in its first `units`, and ends in or right behind them.
bool PrefixCache::begins_with(Node node, std::span<const std::uint64_t> keys,
                              std::size_t units) const {
  for (Node at = node; at != kRoot; at = nodes_[at].parent) {
    const std::vector<std::uint64_t>& own = nodes_[at].keys;
    const std::size_t first = units_to(nodes_[at].begin);
    for (std::size_t i = 0; i < own.size() && first + i < units; ++i) {
      if (own[i] != keys[first + i]) return false;
    }
  }
  return nodes_[node].end >= unit_ * static_cast<std::int64_t>(units);
}

PrefixCache::Node PrefixCache::make(Node parent, Tokens begin) {
  Node node = 0;
  if (unused_.empty()) {
    node = static_cast<Node>(nodes_.size());
    nodes_.emplace_back();
  } else {
    node = unused_.back();
    unused_.pop_back();
    nodes_[node] = {};
  }
  nodes_[node].begin = nodes_[node].end = begin;
  nodes_[node].parent = parent;
  nodes_[node].alive = true;
  ++nodes_[parent].children;
  ++nodes_[parent].device_children;
  return node;
}

void PrefixCache::detach(Node node) {
  Entry& entry = nodes_[node];
  Entry& parent = nodes_[entry.parent];
  --parent.children;
  if (!entry.on_host) --parent.device_children;
  if (entry.named) {
    edges_.erase({entry.parent, entry.keys.front()});
  } else {
    const auto found = answers_.find(entry.session.value);
    if (found != answers_.end() && found->second.node == node) answers_.erase(found);
  }
  entry = {};
  unused_.push_back(node);
}

PrefixCache::Node PrefixCache::first_units(Node node, std::size_t units) {
  return units == nodes_[node].keys.size() ? node : split(node, units);
}

PrefixCache::Node PrefixCache::split(Node node, std::size_t units) {
  const Node upper = make(nodes_[node].parent, nodes_[node].begin);
  Entry& low = nodes_[node];
  Entry& up = nodes_[upper];
  --nodes_[low.parent].children;  // `upper` stands there instead
  --nodes_[low.parent].device_children;
  const auto cut = low.keys.begin() + static_cast<std::ptrdiff_t>(units);
  up.keys.assign(low.keys.begin(), cut);
  low.keys.erase(low.keys.begin(), cut);
  const std::int64_t blocks = unit_blocks_ * static_cast<std::int64_t>(units);
  up.end = up.begin + unit_ * static_cast<std::int64_t>(units);
  if (!low.on_host) {
    const std::int64_t all = blocks_of(low);
    up.runs = slice(low.runs, 0, blocks);
    low.runs = slice(low.runs, blocks, all - blocks);
  }
  low.begin = up.end;
  low.parent = upper;
  up.children = 1;
  up.device_children = low.on_host ? 0 : 1;
  up.on_host = low.on_host;
  up.holds = low.holds;
  up.used = low.used;
  edges_[{up.parent, up.keys.front()}] = upper;
  edges_[{upper, low.keys.front()}] = node;
  return upper;
}

void PrefixCache::hold_one(Node node) {
  Entry& entry = nodes_[node];
  if (entry.holds++ == 0 && !entry.on_host) evictable_ -= blocks_of(entry);
}

// Adds the blocks of the held node's tokens up to `end`, from the table of who holds it.
void PrefixCache::fill(Hold& hold, Tokens end, std::size_t table) {
  Entry& entry = nodes_[hold.node];
  const std::int64_t block = pool_.block_tokens().count();
  const std::int64_t blocks = (end - entry.end).count() / block;
  const auto runs = slice(pool_.runs(table), entry.end.count() / block, blocks);
  pool_.retain(runs);
  entry.runs.insert(entry.runs.end(), runs.begin(), runs.end());
  entry.end = hold.tokens = end;
  device_blocks_ += blocks;
  ++insertions_;
}

// A held node leaves the CPU tier for the table's blocks of its tokens; its parent has left it.
void PrefixCache::bring_back(Node node, std::size_t table) {
  Entry& entry = nodes_[node];
  ensure(entry.holds > 0 && !nodes_[entry.parent].on_host,
         "a held prefix comes back from its start");
  const std::int64_t blocks = blocks_of(entry);
  entry.runs = slice(pool_.runs(table), entry.begin.count() / pool_.block_tokens().count(), blocks);
  pool_.retain(entry.runs);
  entry.on_host = false;
  ++nodes_[entry.parent].device_children;
  host_used_ -= blocks;
  device_blocks_ += blocks;
}

bool PrefixCache::is_candidate(Node node, bool on_host) const {
  const Entry& entry = nodes_[node];
  if (node == kRoot || !entry.alive || entry.holds > 0 || entry.on_host != on_host) return false;
  return (on_host ? entry.children : entry.device_children) == 0;
}

// Queues grow with every release; rebuilt when most of what they hold is out of date.
void PrefixCache::offer(Node node) {
  const bool on_host = nodes_[node].on_host;
  if (!is_candidate(node, on_host)) return;
  Queue& queue = on_host ? host_queue_ : device_queue_;
  if (queue.size() > 64 + 4 * nodes_.size()) {
    std::vector<Candidate> candidates;
    for (Node at = 0; at < nodes_.size(); ++at) {
      if (at != node && is_candidate(at, on_host)) candidates.push_back({nodes_[at].used, at});
    }
    queue = Queue(std::greater<>(), std::move(candidates));
  }
  queue.push({nodes_[node].used, node});
}

// Takes the leaf that was let go the longest ago out of its queue; kNone: there is none.
PrefixCache::Node PrefixCache::oldest(bool on_host) {
  Queue& queue = on_host ? host_queue_ : device_queue_;
  while (!queue.empty()) {
    const Candidate candidate = queue.top();
    queue.pop();
    if (is_candidate(candidate.node, on_host) && nodes_[candidate.node].used == candidate.used) {
      return candidate.node;
    }
  }
  return kNone;
}

std::vector<BlockRun> PrefixCache::check() const {
  std::vector<BlockRun> held;
  std::vector<std::int32_t> children(nodes_.size(), 0), device_children(nodes_.size(), 0);
  std::int64_t device = 0, host = 0, free = 0;
  for (Node at = 1; at < nodes_.size(); ++at) {
    const Entry& entry = nodes_[at];
    if (!entry.alive) continue;
    const Entry& parent = nodes_[entry.parent];
    ensure(parent.alive && parent.holds >= (entry.parent == kRoot ? 0 : entry.holds),
           "whoever holds a prefix holds all before it");
    ensure(!parent.on_host || entry.on_host, "below the CPU tier there is only the CPU tier");
    ensure(entry.begin < entry.end, "a node holds blocks");
    if (entry.named) {
      ensure(entry.begin == parent.end && child(entry.parent, entry.keys.front()) == at,
             "a node follows its parent and is found there");
      ensure(entry.keys.size() == units_to(entry.end) - units_to(entry.begin),
             "a node has a key per unit");
    }
    ++children[entry.parent];
    if (!entry.on_host) ++device_children[entry.parent];
    (entry.on_host ? host : device) += blocks_of(entry);
    if (!entry.on_host && entry.holds == 0) free += blocks_of(entry);
    ensure(block_count(entry.runs) == (entry.on_host ? 0 : blocks_of(entry)),
           "a node on the GPU has the blocks of its tokens");
    held.insert(held.end(), entry.runs.begin(), entry.runs.end());
  }
  for (Node at = 0; at < nodes_.size(); ++at) {
    ensure(children[at] == nodes_[at].children && device_children[at] == nodes_[at].device_children,
           "a node knows how many children it has");
  }
  ensure(device == device_blocks_ && host == host_used_ && free == evictable_,
         "the cache's blocks are counted");
  ensure(host_used_ <= std::max<std::int64_t>(host_capacity_, 0), "the CPU tier holds what it can");
  return held;
}

}  // namespace inferbench
