#pragma once

#include <string>

#include "harness/schedule/batch_plan.hpp"
#include "harness/schedule/scheduler.hpp"
#include "harness/schedule/scheduler_options.hpp"

// What stories about one scheduler share: requests, limits, and plans as text.
namespace inferbench::testing_support {

inline Request request(std::uint64_t id, std::int64_t input, std::int64_t output,
                       std::int32_t priority = 0) {
  Request out;
  out.id = RequestId(id);
  out.input = Tokens(input);
  out.output = out.max_output = Tokens(output);
  out.priority = priority;
  return out;
}

// Blocks of 4 tokens, no watermark.
inline SchedulerOptions limits(std::int64_t step_tokens, std::int64_t blocks) {
  SchedulerOptions options;
  options.step_tokens = Tokens(step_tokens);
  options.kv_blocks = blocks;
  options.block_tokens = Tokens(4);
  options.watermark = 0;
  return options;
}

// "r0 d1@8!" decodes r0 at context 8 and emits; "r1 p6@0+2" computes 6 prompt tokens of r1 and 2
// positions of padding.
inline std::string text(const BatchPlan& plan) {
  std::string out;
  for (const BatchItem& item : plan.items) {
    out += (out.empty() ? "" : ", ") + ("r" + std::to_string(item.request.value)) +
           (item.decode ? " d" : " p") + std::to_string(item.new_tokens.count()) + "@" +
           std::to_string(item.context.count());
    if (item.padding > Tokens(0)) out += "+" + std::to_string(item.padding.count());
    if (item.emits) out += "!";
  }
  return out;
}

// Plans the next step, commits it and says what it was.
inline std::string step(Scheduler& scheduler, const StepResult& result = {}) {
  const BatchPlan plan = scheduler.plan();
  if (!plan.empty()) scheduler.commit(plan.step, result);
  return text(plan);
}

}  // namespace inferbench::testing_support
