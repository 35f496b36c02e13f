#pragma once

#include <cstdint>
#include <optional>

#include "harness/base/units.hpp"
#include "harness/schedule/kv_options.hpp"

namespace inferbench {

// The limits a scheduler works within. All are per attention rank: an EP deployment runs one
// scheduler of these limits on each of its `attention_ranks`, in lock-step.
struct SchedulerOptions {
  Tokens step_tokens{2048};      // new tokens of one step; decodes take one each, prompts the rest
  std::int64_t max_batch = 256;  // requests that hold KV blocks at the same time
  Tokens block_tokens{16};       // tokens per KV block
  std::int64_t kv_blocks = 0;    // blocks of the pool, >= 1
  // Share of the pool that an admission leaves free, so that running answers can grow for a while
  // before the first preemption. Does not hold back a request that would run alone.
  double watermark = 0.01;
  // How fast waiting makes up for what priority and shortest_first order by: later admissions per
  // level of priority, tokens of work per later admission; >= 1. Absent: the policy's default.
  std::optional<std::int64_t> aging{};
  // Drafted tokens that a decode verifies besides computing its own: speculative decoding. 0: none.
  Tokens draft_tokens{};
  Tokens context{};                  // longest prompt and answer that the model takes; 0: no limit
  std::int64_t steps_in_flight = 1;  // steps that may be planned before the oldest is committed: PP
  KvOptions kv;
  std::int64_t attention_ranks = 1;  // EP (DESIGN: EP ranks are data-parallel for attention)
};

// Throws Error naming the option that cannot work.
void check_options(const SchedulerOptions& options);

}  // namespace inferbench
