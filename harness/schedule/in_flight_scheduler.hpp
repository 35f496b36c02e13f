#pragma once

#include "harness/schedule/paged_scheduler.hpp"

namespace inferbench {

// In-flight (continuous) batching with chunked prefill: requests join and leave at every step.
//
// A step takes decodes first, then chunks of started prompts, then new requests in the order of
// their arrival, until the token budget is spent. A request is started when the blocks of its whole
// prompt are free, and the watermark besides; its answer grows block by block. When none is left,
// the youngest running request is preempted: it gives its blocks back, waits at the front of the
// queue and computes its prompt and answer so far again. The oldest is never preempted for a
// younger one, so every request ends.
//
// Sources: Yu et al., "Orca: A Distributed Serving System for Transformer-Based Generative Models",
// OSDI 2022 (iteration-level scheduling); Agrawal et al., "Taming Throughput-Latency Tradeoff in
// LLM Inference with Sarathi-Serve", OSDI 2024 (chunked prefill, decodes first); Kwon et al., SOSP
// 2023, section 4.5 (preemption by recomputation).
class InFlightScheduler final : public PagedScheduler {
 public:
  explicit InFlightScheduler(const SchedulerOptions& options);

 private:
  void fill() override;
  bool grow(Slot slot) override;
  void start_waiting();
  bool preempt_younger_than(Slot slot);

  std::int64_t watermark_blocks_;
};

}  // namespace inferbench
