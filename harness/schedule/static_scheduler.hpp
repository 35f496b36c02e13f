#pragma once

#include "harness/schedule/paged_scheduler.hpp"

namespace inferbench {

// Static batching: a batch is formed from what waits, its prompts are computed, then it decodes
// until its longest answer is complete; only then does the next batch form. Places of answers that
// ended early stay empty and cost nothing (packed; StaticPaddedScheduler is the contrast). Each
// request's blocks are reserved up front for its longest possible answer, so nothing is ever
// preempted. Tokens are visible as they are generated; a server that answers with the whole batch
// would show the e2e latency of its slowest member.
//
// Source of the comparison: Yu et al., "Orca", OSDI 2022, section 2.
class StaticScheduler final : public PagedScheduler {
 public:
  explicit StaticScheduler(const SchedulerOptions& options) : PagedScheduler(options) {}

 private:
  void fill() override;
  bool grow(Slot slot) override;
};

}  // namespace inferbench
