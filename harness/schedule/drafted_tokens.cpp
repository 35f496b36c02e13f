// Speculative decoding as a paged scheduler sees it: which tokens a decode verifies, and what of
// them stays.
//
// Source: Leviathan et al., "Fast Inference from Transformers via Speculative Decoding", ICML 2023,
// algorithm 1.

#include <algorithm>

#include "harness/base/error.hpp"
#include "harness/schedule/paged_scheduler.hpp"

namespace inferbench {

// After all decodes have their own token: a draft takes no block that would make another's answer
// wait, and preempts nobody. A draft beyond the longest possible answer would be thrown away.
void PagedScheduler::add_drafts(std::size_t first_item) {
  for (std::size_t i = first_item; i < draft_->slots.size(); ++i) {
    const Slot slot = draft_->slots[i];
    Sequence& sequence = sequences_[slot];
    const Tokens left = sequence.longest - sequence.known - Tokens(1);
    Tokens drafts = std::min({options_.draft_tokens, left, budget_});
    if (sequence.known + drafts > sequence.room) {
      if (pool_.reserve(slot, sequence.known + drafts)) {
        sequence.room = pool_.room(slot);
        sequence.drafted_blocks = true;
      } else {
        drafts = sequence.room - sequence.known;
      }
    }
    draft_->plan.items[i].new_tokens += drafts;
    sequence.computed += drafts;
    filled_ += drafts;
    budget_ -= drafts;
  }
}

// Tokens that a decode with drafts makes visible: the accepted ones and one of the model's own, up
// to the answer's end. What follows the first rejected draft is forgotten, and its blocks given
// back.
Tokens PagedScheduler::verified(Slot slot, const BatchItem& item, std::int32_t accepted) {
  Sequence& sequence = sequences_[slot];
  if (!item.decode) return Tokens(1);
  ensure(accepted >= 0 && Tokens(accepted) < item.new_tokens, "what is accepted was drafted");
  const Tokens tokens = std::min(Tokens(1 + accepted), sequence.answer_end - sequence.known);
  const Tokens kept = sequence.known + tokens - Tokens(1);
  filled_ -= sequence.computed - kept;
  sequence.computed = kept;
  if (sequence.drafted_blocks) {
    sequence.drafted_blocks = false;
    pool_.shrink(slot, sequence.known + tokens);
    sequence.room = pool_.room(slot);
  }
  return tokens;
}

}  // namespace inferbench
