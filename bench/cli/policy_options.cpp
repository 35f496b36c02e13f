#include "bench/cli/policy_options.hpp"

#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>

#include "harness/base/text_table.hpp"
#include "harness/schedule/priority_scheduler.hpp"
#include "harness/schedule/registry.hpp"
#include "harness/schedule/shortest_first_scheduler.hpp"

namespace inferbench {
namespace {

const char* name(Speculation::Method method) {
  switch (method) {
    case Speculation::Method::ngram:
      return "ngram";
    case Speculation::Method::draft_model:
      return "draft_model";
    case Speculation::Method::mtp:
      return "mtp";
  }
  return "";
}

}  // namespace

void PolicyArguments::apply(ServingOptions& serving, std::uint64_t seed) const {
  const SchedulingPolicy& policy = find_policy(scheduler);
  serving.scheduler = scheduler;
  if (watermark) {
    refuse_watermark_unless_used(policy);
    serving.watermark = *watermark;
  }
  if (aging) refuse_aging_unless_used(policy);
  serving.aging = aging;
  // Found here and not at a sweep's first point.
  SchedulerOptions probe;
  probe.kv_blocks = 1;
  probe.watermark = serving.watermark;
  probe.aging = aging;
  check_options(probe);
  if (!speculate.empty()) serving.speculation = parse_speculation(speculate);
  serving.seed = seed;
}

void add_policy_options(CLI::App& verb, PolicyArguments& arguments, const std::string& group) {
  const auto add = [&](const char* option, auto& value, const std::string& help) {
    verb.add_option(option, value, help)->group(group)->capture_default_str();
  };
  add("--scheduler", arguments.scheduler, joined(scheduler_names()));
  add("--watermark", arguments.watermark,
      "share of KV blocks that admissions leave free (default 0.01; not for static batches)");
  add("--aging", arguments.aging,
      "of priority (later admissions per level, default " +
          std::to_string(PriorityScheduler::kAging) +
          ") and shortest_first (tokens per later admission, default " +
          std::to_string(ShortestFirstScheduler::kAging) + ")");
  add("--speculate", arguments.speculate,
      "drafted tokens and how many are accepted: gamma=4,accept=0.8 (n-gram), with draft=MODEL, "
      "or mtp=N; accept=0.9/0.8/0.7 by position (default: none)");
}

nlohmann::ordered_json policy_json(const ServingOptions& serving) {
  nlohmann::ordered_json out = nlohmann::ordered_json::object();
  const std::int64_t aging = find_policy(serving.scheduler).aging;
  if (aging > 0) out["aging"] = serving.aging.value_or(aging);
  if (!serving.speculation) return out;
  const Speculation& speculation = *serving.speculation;
  out["speculation"] = {{"method", name(speculation.method)},
                        {"draft_tokens", speculation.draft_tokens.count()},
                        {"acceptance", speculation.acceptance}};
  if (!speculation.draft_model.empty()) {
    out["speculation"]["draft_model"] = speculation.draft_model;
  }
  return out;
}

}  // namespace inferbench
