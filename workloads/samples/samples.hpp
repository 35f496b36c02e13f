#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace inferbench {

// A small workload inside the program, in inferbench's own JSONL.
struct WorkloadSample {
  std::string name;   // "chat-burst"
  std::string title;  // one line
  std::string_view text;
};

// All of them; README.md of this folder says how each was made.
const std::vector<WorkloadSample>& workload_samples();

// Throws Error with the nearest names.
const WorkloadSample& find_sample(std::string_view name);

}  // namespace inferbench
