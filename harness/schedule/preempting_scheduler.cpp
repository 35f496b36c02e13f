#include "harness/schedule/preempting_scheduler.hpp"

#include <algorithm>
#include <cmath>

namespace inferbench {

PreemptingScheduler::PreemptingScheduler(const SchedulerOptions& options)
    : PagedScheduler(options),
      watermark_blocks_(static_cast<std::int64_t>(
          std::ceil(options.watermark * static_cast<double>(options.kv_blocks)))) {}

bool PreemptingScheduler::may_start() const {
  // Who was preempted a moment ago would take the freed blocks straight back.
  return !waiting_.empty() && budget_ > Tokens(0) && running() < most_running() &&
         draft_->plan.preempted.empty();
}

bool PreemptingScheduler::start_next() {
  const Tokens prompt = sequences_[waiting_.front()].known;
  const bool alone = running() == 0 && cancelled_in_flight_ == 0;
  return start_oldest_waiting(prompt, alone ? 0 : watermark_blocks_);
}

void PreemptingScheduler::start_whole_prompts() {
  while (may_start()) {
    const Slot slot = waiting_.front();
    const Sequence& sequence = sequences_[slot];
    const Tokens prompt = sequence.known - arriving(slot);
    if (prompt > budget_ && prompt <= options_.step_tokens) return;
    if (!start_next()) return;
    add(slot, std::min(sequences_[slot].left(), budget_));
  }
}

bool PreemptingScheduler::grow(Slot slot) {
  while (!pool_.reserve(slot, sequences_[slot].known)) {
    if (preempt_younger_than(slot)) continue;
    // Younger requests that are in a step now give their blocks back after its commit.
    const bool youngest =
        slot == decoding_.back() &&
        (prompts_.empty() || sequences_[prompts_.back()].order < sequences_[slot].order);
    if (youngest && cancelled_in_flight_ == 0) preempt(slot);
    return false;
  }
  sequences_[slot].room = pool_.room(slot);
  return true;
}

// Preempts the youngest request that is younger than this one and in no step; false: there is none.
bool PreemptingScheduler::preempt_younger_than(Slot slot) {
  const QueueOrder own = sequences_[slot].order;
  const auto youngest_idle = [&](const std::vector<Slot>& list) -> const Sequence* {
    for (auto at = list.rbegin(); at != list.rend(); ++at) {
      const Sequence& sequence = sequences_[*at];
      if (sequence.order <= own) return nullptr;
      if (sequence.steps_in_flight == 0) return &sequence;
    }
    return nullptr;
  };
  const Sequence* decode = youngest_idle(decoding_);
  const Sequence* prompt = youngest_idle(prompts_);
  if (decode == nullptr && prompt == nullptr) return false;
  const bool take_prompt =
      decode == nullptr || (prompt != nullptr && prompt->order > decode->order);
  preempt(sequences_.find((take_prompt ? prompt : decode)->id));
  return true;
}

}  // namespace inferbench
