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
};

// Every policy there is, the default first.
std::span<const SchedulingPolicy> scheduling_policies();
std::vector<std::string> scheduler_names();

// A scheduler of that policy; with several attention ranks one on each, in lock-step. Throws Error
// with the nearest names, or for options that cannot work.
std::unique_ptr<Scheduler> make_scheduler(const std::string& policy,
                                          const SchedulerOptions& options);

}  // namespace inferbench
