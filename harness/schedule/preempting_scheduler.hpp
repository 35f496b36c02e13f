#pragma once

#include "harness/schedule/paged_scheduler.hpp"

namespace inferbench {

// What the policies that preempt have in common; they differ in who joins a step.
//
// A request is started when the blocks of its whole prompt are free, and the watermark besides; its
// answer grows block by block. When none is left, the youngest running request is preempted: it
// gives its blocks back, waits at the front of the queue and computes its prompt and answer so far
// again. The oldest is never preempted for a younger one, so every request ends.
//
// Source: Kwon et al., SOSP 2023, section 4.5 (preemption by recomputation).
class PreemptingScheduler : public PagedScheduler {
 protected:
  explicit PreemptingScheduler(const SchedulerOptions& options);

  bool grow(Slot slot) final;
  // Starts the oldest waiting request if its prompt's blocks, and the watermark, are free.
  bool start_next();
  // A request may start: one waits, and the step can still take a token of it.
  bool may_start() const;
  // Starts waiting requests whose whole prompts fit into what is left of the budget; a prompt that
  // no step can hold whole takes what is left.
  void start_whole_prompts();

 private:
  bool preempt_younger_than(Slot slot);

  std::int64_t watermark_blocks_;
};

}  // namespace inferbench
