#include "harness/schedule/static_scheduler.hpp"

#include "harness/base/error.hpp"

namespace inferbench {

void StaticScheduler::fill() {
  if (running() == 0) {
    while (!waiting_.empty() && running() < most_running()) {
      if (!start_oldest_waiting(sequences_[waiting_.front()].longest - Tokens(1))) break;
    }
  }
  if (prompts_.empty()) {
    add_decodes();
  } else {
    add_prompt_chunks();  // decodes wait for the batch's last prompt
  }
}

bool StaticScheduler::grow(Slot /*slot*/) {
  ensure(false, "a static batch reserved its longest answers");
  return false;
}

}  // namespace inferbench
