#include "harness/schedule/static_padded_scheduler.hpp"

#include <algorithm>

#include "harness/base/error.hpp"

namespace inferbench {

void StaticPaddedScheduler::fill() {
  if (running() == 0) form_batch();
  if (prompts_.empty()) {
    add_padded_decodes();
  } else {
    add_padded_prompts();  // decodes wait for the batch's last prompt
  }
}

// A prompt that arrived computed is not padded.
Tokens StaticPaddedScheduler::row(Slot slot, Tokens padded) const {
  const Sequence& sequence = sequences_[slot];
  if (arriving(slot) > Tokens(0)) return sequence.longest - Tokens(1);
  return padded + (sequence.longest - sequence.known) - Tokens(1);
}

void StaticPaddedScheduler::form_batch() {
  places_ = 0;
  padded_prompt_ = Tokens(0);
  std::int64_t blocks = 0;
  for (const Slot candidate : waiting_) {
    if (places_ == most_running()) break;
    const Sequence& sequence = sequences_[candidate];
    const Tokens padded =
        arriving(candidate) > Tokens(0) ? padded_prompt_ : std::max(padded_prompt_, sequence.known);
    if (padded > padded_prompt_) {  // a longer prompt widens the rows before it
      blocks = 0;
      for (std::int64_t i = 0; i < places_; ++i) {
        blocks += pool_.blocks_for(row(waiting_[static_cast<std::size_t>(i)], padded));
      }
    }
    blocks += pool_.blocks_for(row(candidate, padded));
    if (blocks > pool_.free()) break;
    padded_prompt_ = padded;
    ++places_;
  }
  for (std::int64_t i = 0; i < places_; ++i) {
    const bool started = start_oldest_waiting(row(waiting_.front(), padded_prompt_));
    ensure(started, "the blocks of a padded batch were counted");
  }
}

void StaticPaddedScheduler::add_padded_prompts() {
  for (const Slot slot : prompts_) {
    if (budget_ <= Tokens(0)) return;
    if (!add_part_of_row(slot)) return;
  }
}

// A row may be computed over several steps; then its padding is spread evenly over its tokens, so
// that every part has tokens of its own: the first c tokens of p are c * row / p positions.
bool StaticPaddedScheduler::add_part_of_row(Slot slot) {
  const Sequence& sequence = sequences_[slot];
  const std::int64_t tokens = sequence.known.count(), row = padded_prompt_.count();
  const std::int64_t done = sequence.computed.count();
  if (done == tokens) return true;  // its last part is in a step in flight
  const auto positions = [&](std::int64_t computed) { return computed * row / tokens; };
  // The most tokens whose positions fit.
  const std::int64_t fit = ((positions(done) + budget_.count() + 1) * tokens - 1) / row - done;
  // One token stands for more positions than a step has: the only case that exceeds the budget.
  const bool too_wide = fit == 0 && draft_->plan.empty();
  const std::int64_t part = std::min(too_wide ? 1 : fit, tokens - done);
  if (part == 0) return false;
  const Tokens padding(positions(done + part) - positions(done) - part);
  add(slot, Tokens(part));
  draft_->plan.items.back().padding = padding;
  budget_ -= padding;
  return true;
}

// Empty places are spread over the steps of a pipeline as the decodes are.
void StaticPaddedScheduler::add_padded_decodes() {
  add_decodes();
  std::vector<BatchItem>& items = draft_->plan.items;
  if (items.empty()) return;
  const std::int64_t empty = places_ - running();
  const auto decodes = static_cast<std::int64_t>(items.size());
  const std::int64_t beside = (empty * decodes + running() / 2) / running();
  items.front().padding = items.front().new_tokens * beside;
  draft_->plan.plain_decodes = 0;
}

bool StaticPaddedScheduler::grow(Slot /*slot*/) {
  ensure(false, "a padded batch reserved its longest answers");
  return false;
}

}  // namespace inferbench
