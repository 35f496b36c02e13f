#pragma once

#include "harness/schedule/preempting_scheduler.hpp"

namespace inferbench {

// In-flight (continuous) batching with chunked prefill: requests join and leave at every step.
//
// A step takes decodes first, then chunks of started prompts, then new requests in the order of
// the queue, until the token budget is spent.
//
// Sources: Yu et al., "Orca: A Distributed Serving System for Transformer-Based Generative Models",
// OSDI 2022 (iteration-level scheduling); Agrawal et al., "Taming Throughput-Latency Tradeoff in
// LLM Inference with Sarathi-Serve", OSDI 2024 (chunked prefill, decodes first).
class InFlightScheduler : public PreemptingScheduler {
 public:
  explicit InFlightScheduler(const SchedulerOptions& options) : PreemptingScheduler(options) {}

 private:
  void fill() final;
};

}  // namespace inferbench
