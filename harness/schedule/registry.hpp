#pragma once

#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "harness/schedule/scheduler.hpp"
#include "harness/schedule/scheduler_options.hpp"

namespace inferbench {

// A batching policy as `inferbench list schedulers` shows it.
struct SchedulingPolicy {
  std::string_view name;         // "in_flight"
  std::string_view description;  // one line
  std::unique_ptr<Scheduler> (*make)(const SchedulerOptions& options);
  bool watermark = false;  // SchedulerOptions::watermark has a meaning
  std::int64_t aging = 0;  // default of SchedulerOptions::aging; 0: has no meaning
};

// Every policy there is, the default first.
std::span<const SchedulingPolicy> scheduling_policies();
std::vector<std::string> scheduler_names();
// Throws Error with the nearest names.
const SchedulingPolicy& find_policy(const std::string& name);
// Throws Error for an option that was given and means nothing to the policy.
void refuse_watermark_unless_used(const SchedulingPolicy& policy);
void refuse_aging_unless_used(const SchedulingPolicy& policy);

// A scheduler of that policy; with several attention ranks one on each, in lock-step. Throws Error
// with the nearest names, or for options that cannot work or do not apply.
std::unique_ptr<Scheduler> make_scheduler(const std::string& name, const SchedulerOptions& options);

}  // namespace inferbench
