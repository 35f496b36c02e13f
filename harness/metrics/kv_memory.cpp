#include "harness/metrics/kv_memory.hpp"

#include <string>

namespace inferbench {
namespace {

std::optional<double> ratio(std::int64_t part, std::int64_t whole) {
  if (whole == 0) return std::nullopt;
  return static_cast<double>(part) / static_cast<double>(whole);
}

ScalarMetric scalar(const char* id, const char* unit, const char* definition, Better better,
                    std::optional<double> value, const char* absent = "") {
  return {.id = id,
          .unit = unit,
          .definition = definition,
          .better = better,
          .value = value,
          .absent_because = value ? "" : absent};
}

}  // namespace

std::vector<ScalarMetric> kv_memory_metrics(std::span<const ReplicaStats> replicas) {
  KvStats kv;
  for (const ReplicaStats& replica : replicas) kv += replica.kv;
  constexpr const char* kNoSteps = "no step held KV blocks";
  constexpr const char* kNoCache = "no prompt was looked up in a prefix cache";
  const auto count = [](auto value) { return static_cast<double>(value); };
  return {
      scalar("kv_unused_share", "ratio",
             "of the KV tokens that running requests' blocks can hold, those reserved and not "
             "filled; mean over steps, weighted by the tokens reserved",
             Better::lower, ratio(kv.room_steps - kv.filled_steps, kv.room_steps), kNoSteps),
      scalar("kv_unused_tokens", "tokens", "the same per step and attention rank", Better::lower,
             ratio(kv.room_steps - kv.filled_steps, kv.usage_steps), kNoSteps),
      scalar("kv_shared_tokens", "tokens",
             "KV tokens per step and attention rank that requests share instead of keeping twice",
             Better::neither, ratio(kv.shared_steps, kv.usage_steps), kNoSteps),
      scalar("prefix_hit_rate", "ratio",
             "prompt tokens not computed because their prefix was cached, of those of all requests "
             "that started; first starts only",
             Better::higher, ratio(kv.hit_tokens, kv.prompt_tokens), kNoCache),
      scalar("prefix_saved_tokens", "tokens",
             "prompt tokens not computed because their prefix was cached", Better::higher,
             kv.prompt_tokens > 0 ? std::optional(count(kv.hit_tokens)) : std::nullopt, kNoCache),
      scalar(
          "prefix_host_hit_tokens", "tokens", "of these, read from the CPU tier", Better::neither,
          kv.prompt_tokens > 0 ? std::optional(count(kv.host_hit_tokens)) : std::nullopt, kNoCache),
      scalar("prefix_evicted_tokens", "tokens", "cached KV tokens that had to leave the GPU",
             Better::neither,
             kv.prompt_tokens > 0 ? std::optional(count(kv.evicted_tokens)) : std::nullopt,
             kNoCache),
      scalar("kv_swaps", "preemptions",
             "preempted requests that went to host memory and were not recomputed", Better::neither,
             count(kv.swaps_out)),
      scalar("kv_swaps_refused", "preemptions",
             "recomputed because host memory had no room for them", Better::lower,
             count(kv.swaps_refused)),
      scalar("kv_host_tokens", "tokens", "KV tokens moved to or from host memory", Better::neither,
             count(kv.to_host_tokens + kv.from_host_tokens))};
}

}  // namespace inferbench
