#include "harness/schedule/kv_memory.hpp"

#include <algorithm>

#include "harness/base/error.hpp"
#include "harness/schedule/prefix_keys.hpp"

namespace inferbench {

KvMemory::KvMemory(std::int64_t blocks, Tokens block_tokens, const KvOptions& options)
    : options_(options), pool_(blocks, block_tokens) {
  if (!options.prefix_cache || options.hash_tokens == Tokens(0)) return;
  cache_ = std::make_unique<PrefixCache>(pool_, prefix_unit(options.hash_tokens, block_tokens),
                                         options.cpu_tier.count() / block_tokens.count());
}

void KvMemory::open(std::size_t slot, const Request& request) {
  if (!cache_) return;
  if (slot >= prompts_.size()) prompts_.resize(slot + 1);
  Prompt& prompt = prompts_[slot];
  prefix_keys(request, options_.hash_tokens, block_tokens(), prompt.keys);
  prompt.session = request.session;
  prompt.input = request.input;
  prompt.hold = {};
  prompt.counted = false;
  if (refusal_.slot == slot) refusal_ = {};
}

void KvMemory::close(std::size_t slot, Tokens computed) {
  if (slot < swapped_.size()) host_used_ -= std::exchange(swapped_[slot], Tokens(0));
  if (cache_ && options_.cache_answers && pool_.size(slot) > 0) {
    Prompt& prompt = prompts_[slot];
    if (!prompt.keys.empty() && computed > prompt.input) {
      cache_->insert_answer(prompt.hold, prompt.session, prompt.input, computed, slot);
    }
  }
  release(slot);
}

std::optional<Tokens> KvMemory::start(std::size_t slot, Tokens known, Tokens tokens,
                                      std::int64_t keep_free) {
  if (!cache_ || prompts_[slot].keys.empty()) {
    if (!start_with(slot, tokens, keep_free)) return std::nullopt;
    if (cache_) count_start(prompts_[slot], Tokens(0), Tokens(0));
    return Tokens(0);
  }
  const std::uint64_t insertions = cache_->insertions();
  if (refusal_.slot == slot && refusal_.insertions == insertions && free() <= refusal_.free &&
      keep_free >= refusal_.keep_free) {
    return std::nullopt;
  }
  Prompt& prompt = prompts_[slot];
  cache_->name_answer(prompt.session, prompt.keys, prompt.input);
  const std::int64_t block = block_tokens().count();
  // The last token of a prompt is always computed: its output is the first token of the answer.
  const Tokens limit((std::min(known - Tokens(1), prompt.input).count()) / block * block);
  PrefixCache::Match match = cache_->match(prompt.keys, limit);
  if (match.hold.tokens > prompt.input) {
    // The last unit holds blocks beyond this prompt, of a longer one. Without that unit, what it
    // holds is what it uses, so that a request that fits alone always starts and ends.
    cache_->release(match.hold, false);
    const auto units = static_cast<std::size_t>(
        limit.count() / prefix_unit(options_.hash_tokens, block_tokens()).count());
    match = cache_->match(std::span(prompt.keys).first(std::min(units, prompt.keys.size())), limit);
  }
  const Tokens hit = std::min(limit, match.hold.tokens);
  const std::int64_t missing = blocks_for(tokens) - match.device.count() / block;
  if (missing + keep_free > free()) {
    cache_->release(match.hold, false);
    refusal_ = {.slot = slot, .free = free(), .keep_free = keep_free, .insertions = insertions};
    return std::nullopt;
  }
  // The block of the last token too, if it is cached: it is written with what it holds.
  cache_->share(match.hold, match.device, slot);
  prompt.hold = match.hold;
  make_room(missing);
  ensure(pool_.reserve(slot, tokens), "room was made for a request that starts");
  const Tokens read =
      match.hold.tokens > match.device ? cache_->fetch(match.hold, slot) : Tokens(0);
  pending_from_host_ += read;
  note_peak();
  count_start(prompt, hit, read);
  return hit;
}

void KvMemory::count_start(Prompt& prompt, Tokens hit, Tokens from_host) {
  stats_.from_host_tokens += from_host.count();
  if (std::exchange(prompt.counted, true)) {
    stats_.recovered_tokens += hit.count();
    return;
  }
  stats_.prompt_tokens += prompt.input.count();
  stats_.hit_tokens += hit.count();
  stats_.host_hit_tokens += from_host.count();
}

bool KvMemory::start_with(std::size_t slot, Tokens tokens, std::int64_t keep_free) {
  const std::int64_t missing = blocks_for(tokens);
  if (missing + keep_free > free()) return false;
  make_room(missing);
  ensure(pool_.reserve(slot, tokens), "room was made for a request that starts");
  if (slot < swapped_.size() && swapped_[slot] > Tokens(0)) {
    const Tokens back = std::exchange(swapped_[slot], Tokens(0));
    host_used_ -= back;
    pending_from_host_ += back;
    stats_.from_host_tokens += back.count();
    ++stats_.swaps_in;
  }
  note_peak();
  return true;
}

bool KvMemory::reserve(std::size_t slot, Tokens tokens) {
  const std::int64_t missing = blocks_for(tokens) - pool_.size(slot);
  if (missing <= 0) return true;
  if (!make_room(missing)) return false;
  pool_.grow(slot, missing);
  note_peak();
  return true;
}

bool KvMemory::make_room(std::int64_t blocks) {
  const std::int64_t short_of = blocks - pool_.free();
  if (short_of <= 0) return true;
  if (!cache_ || short_of > cache_->evictable()) return false;
  const std::int64_t moved = cache_->stats().to_host;
  cache_->evict(short_of);
  pending_to_host_ += block_tokens() * (cache_->stats().to_host - moved);
  return true;
}

void KvMemory::note_computed(std::size_t slot, Tokens computed) {
  if (!cache_) return;
  Prompt& prompt = prompts_[slot];
  if (prompt.keys.empty() || prompt.hold.tokens >= prompt.input) return;
  cache_->insert(prompt.hold, prompt.keys, std::min(computed, prompt.input), slot);
}

void KvMemory::release(std::size_t slot) {
  pool_.release(slot);
  if (!cache_) return;
  cache_->release(std::exchange(prompts_[slot].hold, {}));
}

bool KvMemory::swap_out(std::size_t slot, Tokens tokens) {
  if (options_.preemption != KvOptions::Preemption::swap || tokens == Tokens(0)) return false;
  if (host_used_ + tokens > options_.host) {
    ++stats_.swaps_refused;
    return false;
  }
  if (slot >= swapped_.size()) swapped_.resize(slot + 1);
  swapped_[slot] = tokens;
  host_used_ += tokens;
  pending_to_host_ += tokens;
  stats_.to_host_tokens += tokens.count();
  ++stats_.swaps_out;
  return true;
}

KvStats KvMemory::stats() const {
  KvStats stats = stats_;
  if (!cache_) return stats;
  stats.evicted_tokens = cache_->stats().evicted_blocks * block_tokens().count();
  stats.to_host_tokens += cache_->stats().to_host * block_tokens().count();
  return stats;
}

void KvMemory::note_usage(Tokens filled) {
  const std::int64_t room = (block_tokens() * pool_.in_tables()).count();
  ++stats_.usage_steps;
  stats_.room_steps += room;
  stats_.filled_steps += filled.count();
  stats_.shared_steps += std::max<std::int64_t>(0, room - (block_tokens() * used()).count());
}

// What is shared stays so: nobody joins or leaves, and growth is everybody's own.
void KvMemory::note_repeated_usage(Tokens filled, std::int64_t batch, std::int64_t times) {
  const std::int64_t room = (block_tokens() * pool_.in_tables()).count();
  const std::int64_t shared = std::max<std::int64_t>(0, room - (block_tokens() * used()).count());
  stats_.usage_steps += times;
  stats_.room_steps += times * room;
  stats_.filled_steps += times * filled.count() + batch * (times * (times + 1) / 2);
  stats_.shared_steps += times * shared;
}

// Sum over i = 1..times of max(0, blocks_for(computed + i) * block - room).
void KvMemory::note_repeated_growth(Tokens room, Tokens computed, std::int64_t times) {
  const std::int64_t block = block_tokens().count();
  const std::int64_t last = computed.count() + times;
  if (last <= room.count()) return;
  // Sum of blocks_for(m) over m = 1..n.
  const auto blocks_up_to = [block](std::int64_t n) {
    const std::int64_t whole = n / block, rest = n % block;
    return block * (whole * (whole + 1) / 2) + rest * (whole + 1);
  };
  const std::int64_t beyond = last - room.count();
  stats_.room_steps +=
      block * (blocks_up_to(last) - blocks_up_to(room.count())) - beyond * room.count();
}

void KvMemory::check() const {
  const std::vector<BlockRun> held = cache_ ? cache_->check() : std::vector<BlockRun>{};
  pool_.check(held);
  Tokens swapped;
  for (const Tokens tokens : swapped_) swapped += tokens;
  ensure(swapped == host_used_ && host_used_ <= std::max(options_.host, Tokens(0)),
         "host memory holds what was swapped");
}

}  // namespace inferbench
