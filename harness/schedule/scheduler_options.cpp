#include "harness/schedule/scheduler_options.hpp"

#include <string>

#include "harness/base/error.hpp"

namespace inferbench {
namespace {

void require_positive(const char* option, std::int64_t value, const char* way_out) {
  if (value >= 1) return;
  throw Error(option, std::to_string(value) + " is not usable", "must be at least 1", way_out);
}

}  // namespace

void check_options(const SchedulerOptions& options) {
  require_positive("--step-tokens", options.step_tokens.count(), "2048 is a common budget");
  constexpr std::int64_t kMostStepTokens = 1'000'000'000;  // products of it stay in 64 bits
  if (options.step_tokens > Tokens(kMostStepTokens)) {
    throw Error("--step-tokens", std::to_string(options.step_tokens.count()) + " is not usable",
                "at most " + std::to_string(kMostStepTokens), "2048 is a common budget");
  }
  require_positive("--max-batch", options.max_batch, "256 is a common limit");
  require_positive("--block-tokens", options.block_tokens.count(), "16 is a common block");
  require_positive("KV blocks", options.kv_blocks,
                   "use more or larger GPUs, a narrower type, or smaller blocks");
  require_positive("steps in flight", options.steps_in_flight, "the pipeline degree");
  require_positive("attention ranks", options.attention_ranks, "the expert parallel degree");
  if (options.attention_ranks > 65'536) {
    throw Error("attention ranks", std::to_string(options.attention_ranks) + " are too many",
                "at most 65536");
  }
  if (!(options.watermark >= 0 && options.watermark < 1)) {
    throw Error("--watermark", std::to_string(options.watermark) + " is not usable",
                "a share of the KV pool, 0 <= watermark < 1", "0.01 is a common reserve");
  }
  if (options.aging && (*options.aging < 1 || *options.aging > 1'000'000)) {
    throw Error("--aging", std::to_string(*options.aging) + " is not usable",
                "1 <= aging <= 1000000; without it requests could starve",
                "`inferbench list schedulers` shows each policy's default");
  }
  if (options.draft_tokens < Tokens(0)) {
    throw Error("drafted tokens", std::to_string(options.draft_tokens.count()) + " is negative",
                "tokens per decode, or 0 for none");
  }
  if (options.step_tokens <= options.draft_tokens) {
    throw Error("--step-tokens",
                std::to_string(options.step_tokens.count()) + " has no room for one decode with " +
                    std::to_string(options.draft_tokens.count()) + " drafted tokens",
                "at least one more than are drafted", "raise it, or draft fewer");
  }
  check_options(options.kv, options.block_tokens);
  if (options.context < Tokens(0)) {
    throw Error("--context", std::to_string(options.context.count()) + " is negative",
                "tokens, or 0 for no limit");
  }
}

}  // namespace inferbench
