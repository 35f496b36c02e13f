#include "harness/schedule/prefill_first_scheduler.hpp"

#include <algorithm>

namespace inferbench {

void PrefillFirstScheduler::fill() {
  add_prompt_chunks();  // of prompts longer than a step
  start_whole_prompts();
  // Requests whose prompt was computed elsewhere start as decodes and pause nobody.
  const std::vector<BatchItem>& items = draft_->plan.items;
  if (std::all_of(items.begin(), items.end(), [](const BatchItem& i) { return i.decode; })) {
    add_decodes();
  }
}

}  // namespace inferbench
