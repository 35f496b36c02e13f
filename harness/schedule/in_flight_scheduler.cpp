#include "harness/schedule/in_flight_scheduler.hpp"

#include <algorithm>

namespace inferbench {

void InFlightScheduler::fill() {
  // Decodes first: a prompt chunk that takes the whole budget would stall every running answer.
  add_decodes();
  add_prompt_chunks();
  while (may_start()) {
    const Slot slot = waiting_.front();
    if (!start_next()) return;
    add(slot, std::min(sequences_[slot].left(), budget_));
  }
}

}  // namespace inferbench
