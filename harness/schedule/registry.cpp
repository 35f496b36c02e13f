#include "harness/schedule/registry.hpp"

#include <algorithm>
#include <array>
#include <utility>

#include "harness/base/error.hpp"
#include "harness/schedule/in_flight_scheduler.hpp"
#include "harness/schedule/mixed_scheduler.hpp"
#include "harness/schedule/prefill_first_scheduler.hpp"
#include "harness/schedule/priority_scheduler.hpp"
#include "harness/schedule/ranked_scheduler.hpp"
#include "harness/schedule/shortest_first_scheduler.hpp"
#include "harness/schedule/static_padded_scheduler.hpp"
#include "harness/schedule/static_scheduler.hpp"

namespace inferbench {
namespace {

template <class Policy>
std::unique_ptr<Scheduler> make(const SchedulerOptions& options) {
  return std::make_unique<Policy>(options);
}

constexpr std::array<SchedulingPolicy, 7> kPolicies = {{
    {.name = "in_flight",
     .description = "requests join and leave at every step; prompts in chunks, decodes first",
     .make = make<InFlightScheduler>,
     .watermark = true},
    {.name = "mixed",
     .description = "in-flight batching without chunking: whole prompts join the decodes of a step",
     .make = make<MixedScheduler>,
     .watermark = true},
    {.name = "prefill_first",
     .description = "a step computes whole prompts while any fit, and decodes pause; else it "
                    "decodes",
     .make = make<PrefillFirstScheduler>,
     .watermark = true},
    {.name = "priority",
     .description = "in_flight with the queue by the requests' priority, then age",
     .make = make<PriorityScheduler>,
     .watermark = true,
     .aging = PriorityScheduler::kAging},
    {.name = "shortest_first",
     .description = "in_flight with the queue by prompt and longest answer, shortest first",
     .make = make<ShortestFirstScheduler>,
     .watermark = true,
     .aging = ShortestFirstScheduler::kAging},
    {.name = "static",
     .description = "a batch runs until its longest answer is complete; then the next batch forms",
     .make = make<StaticScheduler>},
    {.name = "static_padded",
     .description = "static with prompts padded to the batch's longest, and places kept to its end",
     .make = make<StaticPaddedScheduler>},
}};

// "in_flight, mixed": the policies that the option means something to.
template <class Uses>
std::string names_of(Uses uses) {
  std::string names;
  for (const SchedulingPolicy& policy : kPolicies) {
    if (uses(policy)) names += (names.empty() ? "" : ", ") + std::string(policy.name);
  }
  return names;
}

}  // namespace

std::span<const SchedulingPolicy> scheduling_policies() {
  return kPolicies;
}

std::vector<std::string> scheduler_names() {
  std::vector<std::string> names;
  names.reserve(kPolicies.size());
  for (const SchedulingPolicy& policy : kPolicies) names.emplace_back(policy.name);
  return names;
}

const SchedulingPolicy& find_policy(const std::string& name) {
  const auto found = std::find_if(kPolicies.begin(), kPolicies.end(),
                                  [&](const auto& entry) { return entry.name == name; });
  if (found == kPolicies.end()) {
    throw unknown_name("--scheduler", "scheduler", name, scheduler_names(),
                       "inferbench list schedulers");
  }
  return *found;
}

void refuse_watermark_unless_used(const SchedulingPolicy& policy) {
  if (policy.watermark) return;
  throw Error("--watermark", "does not apply to --scheduler " + std::string(policy.name),
              "its batches reserve their longest answers, so nothing is left free for growth",
              "leave it out, or use " + names_of([](const auto& p) { return p.watermark; }));
}

void refuse_aging_unless_used(const SchedulingPolicy& policy) {
  if (policy.aging > 0) return;
  throw Error("--aging", "does not apply to --scheduler " + std::string(policy.name),
              "its queue is in the order of arrival, where nobody is overtaken",
              "leave it out, or use " + names_of([](const auto& p) { return p.aging > 0; }));
}

std::unique_ptr<Scheduler> make_scheduler(const std::string& name,
                                          const SchedulerOptions& options) {
  const SchedulingPolicy& policy = find_policy(name);
  if (options.aging) refuse_aging_unless_used(policy);
  check_options(options);
  if (options.attention_ranks == 1) return policy.make(options);
  std::vector<std::unique_ptr<Scheduler>> ranks;
  for (std::int64_t r = 0; r < options.attention_ranks; ++r) ranks.push_back(policy.make(options));
  return std::make_unique<RankedScheduler>(std::move(ranks), options.steps_in_flight);
}

}  // namespace inferbench
