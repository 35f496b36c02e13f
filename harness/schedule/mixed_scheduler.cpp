#include "harness/schedule/mixed_scheduler.hpp"

namespace inferbench {

void MixedScheduler::fill() {
  add_decodes();
  add_prompt_chunks();  // of prompts longer than a step
  start_whole_prompts();
}

}  // namespace inferbench
