#pragma once

#include <optional>
#include <string>
#include <vector>

#include "results/store/history.hpp"
#include "results/store/run_store.hpp"

namespace inferbench {

// Which runs are more than one wants to keep; at least one of the two limits.
struct PruneRule {
  std::string before_utc{};             // runs older than this; empty: by number only
  std::optional<std::size_t> newest{};  // runs beyond so many of their suite
  bool whole_runs = false;              // their numbers too, not only their documents
};

struct KeptRun {
  std::string id{}, reason{};
};

struct PrunePlan {
  std::vector<std::string> drop{};  // ids, oldest first
  std::vector<KeptRun> kept{};      // that the limits name, but something rests on
  bool whole_runs = false;
};

// What the rule would take. Kept whatever the limits say: runs that a note is on, the runs on
// either side of a step, the first run with each anchor of a suite, and a suite's newest run. Notes
// are never pruned. `history` is of the whole store.
PrunePlan plan_prune(const HistoryStore& store, const History& history, const PruneRule& rule);

void prune(HistoryStore& store, const PrunePlan& plan);

}  // namespace inferbench
