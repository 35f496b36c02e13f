#pragma once

#include <optional>
#include <string_view>
#include <vector>

namespace inferbench {

// A workload people compare by, under one name.
struct WorkloadPreset {
  std::string_view name;
  std::string_view title;
  std::string_view generator;  // at-once, for synthetic/generator_spec.hpp
  int requests_per_user = 0;   // closed loop: requests = this x concurrency; 0: as in `generator`
};

// All of them, in the order to list them. They say lengths and counts; arrivals are all at once
// unless a rate (Poisson) or a concurrency (closed loop) is given.
const std::vector<WorkloadPreset>& workload_presets();

}  // namespace inferbench
