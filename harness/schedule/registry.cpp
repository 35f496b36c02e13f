#include "harness/schedule/registry.hpp"

#include <algorithm>
#include <array>
#include <utility>

#include "harness/base/error.hpp"
#include "harness/schedule/in_flight_scheduler.hpp"
#include "harness/schedule/ranked_scheduler.hpp"
#include "harness/schedule/static_scheduler.hpp"

namespace inferbench {
namespace {

template <class Policy>
std::unique_ptr<Scheduler> make(const SchedulerOptions& options) {
  return std::make_unique<Policy>(options);
}

constexpr std::array<SchedulingPolicy, 2> kPolicies = {{
    {"in_flight",
     "requests join and leave at every step; prompts in chunks, decodes first; preempts by "
     "recomputation",
     make<InFlightScheduler>},
    {"static", "a batch runs until its longest answer is complete; then the next batch forms",
     make<StaticScheduler>},
}};

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

std::unique_ptr<Scheduler> make_scheduler(const std::string& policy,
                                          const SchedulerOptions& options) {
  const auto found = std::find_if(kPolicies.begin(), kPolicies.end(),
                                  [&](const auto& entry) { return entry.name == policy; });
  if (found == kPolicies.end()) {
    throw unknown_name("--scheduler", "scheduler", policy, scheduler_names(),
                       "inferbench list schedulers");
  }
  check_options(options);
  if (options.attention_ranks == 1) return found->make(options);
  std::vector<std::unique_ptr<Scheduler>> ranks;
  for (std::int64_t r = 0; r < options.attention_ranks; ++r) ranks.push_back(found->make(options));
  return std::make_unique<RankedScheduler>(std::move(ranks), options.steps_in_flight);
}

}  // namespace inferbench
