#pragma once

#include <nlohmann/json_fwd.hpp>

#include "harness/sweep/find_max.hpp"

namespace inferbench {

// One task of a search with its probes:
//   {"parallel", "chunk_tokens", "state": "best" | "beaten" | "pruned" | "cannot_serve", "why_not",
//    "load_met", "load_missed", "highest_load", "probes": [{"load", "verdict", "requests_seen",
//    "whole", "binds", "strain", "constraints": [{"over", "attained"}]}]}
nlohmann::ordered_json searched_task_json(const SearchedTask& task);

// What the search found: "load", "next_load_missed", "best", "ties", "closest", "violations",
// "at_highest", "probes" and the counts of tasks by state.
nlohmann::ordered_json find_max_findings_json(const FindMaxResult& result);

}  // namespace inferbench
