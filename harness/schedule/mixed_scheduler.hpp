#pragma once

#include "harness/schedule/preempting_scheduler.hpp"

namespace inferbench {

// In-flight batching without chunking: whole prompts join the running decodes in one step.
//
// A step takes decodes first, then waiting requests in the order of the queue as long as their
// whole prompts fit into what is left of the token budget (max_num_tokens); the first that does not
// fit waits, and nobody overtakes it. A long prompt therefore makes one long step, and waits until
// the decodes leave it room. A prompt that is longer than the budget could never run: engines
// refuse it, here it takes what each step has left, in chunks.
//
// Source: NVIDIA TensorRT-LLM documentation, "GPT attention", section "In-flight batching": context
// and generation phases are processed together; "Useful runtime flags": max_num_tokens.
class MixedScheduler final : public PreemptingScheduler {
 public:
  explicit MixedScheduler(const SchedulerOptions& options) : PreemptingScheduler(options) {}

 private:
  void fill() override;
};

}  // namespace inferbench
