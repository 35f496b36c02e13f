#pragma once

#include "harness/schedule/preempting_scheduler.hpp"

namespace inferbench {

// Prefill first: when prompts wait and fit, a step computes whole prompts and nothing else, and
// running decodes pause; otherwise a step decodes. The best time to first token, paid for with
// gaps between the tokens of every running answer.
//
// Prompts join a step in the order of the queue while they fit into its token budget. One that is
// longer than the budget could never run: engines refuse it, here it is computed in chunks, each a
// step's whole budget.
//
// Source: Kwon et al., SOSP 2023, and vLLM before version 0.6 without chunked prefill:
// vllm/core/scheduler.py, Scheduler._schedule_default.
class PrefillFirstScheduler final : public PreemptingScheduler {
 public:
  explicit PrefillFirstScheduler(const SchedulerOptions& options) : PreemptingScheduler(options) {}

 private:
  void fill() override;
};

}  // namespace inferbench
