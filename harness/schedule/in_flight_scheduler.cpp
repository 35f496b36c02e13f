#include "harness/schedule/in_flight_scheduler.hpp"

#include <cmath>

namespace inferbench {

InFlightScheduler::InFlightScheduler(const SchedulerOptions& options)
    : PagedScheduler(options),
      watermark_blocks_(static_cast<std::int64_t>(
          std::ceil(options.watermark * static_cast<double>(options.kv_blocks)))) {}

void InFlightScheduler::fill() {
  // Decodes first: a prompt chunk that takes the whole budget would stall every running answer.
  add_decodes();
  add_prompt_chunks();
  // Who was preempted a moment ago would take the freed blocks straight back.
  if (draft_->plan.preempted.empty()) start_waiting();
}

void InFlightScheduler::start_waiting() {
  while (!waiting_.empty() && budget_ > Tokens(0) && running() < most_running()) {
    const Slot slot = waiting_.front();
    const Tokens prompt = sequences_[slot].known;
    const bool alone = running() == 0 && cancelled_in_flight_ == 0;
    if (!alone && pool_.free() - pool_.blocks_for(prompt) < watermark_blocks_) return;
    if (!start_oldest_waiting(prompt)) return;
    add(slot, std::min(sequences_[slot].left(), budget_));
  }
}

bool InFlightScheduler::grow(Slot slot) {
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
bool InFlightScheduler::preempt_younger_than(Slot slot) {
  const std::uint64_t own = sequences_[slot].order;
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
