#pragma once

#include <optional>
#include <string>
#include <vector>

#include "results/store/history_cache.hpp"
#include "results/store/history_report.hpp"
#include "results/store/run_store.hpp"

namespace CLI {
class App;
}

namespace inferbench {

struct VerbContext;

// A store that was opened, with what it holds. Tells on standard error what was put right.
struct OpenedHistory {
  HistoryStore store;
  HistoryCache cache;
  explicit OpenedHistory(const std::string& folder);
};

// The run whose id this is, or begins with; "latest". Throws Error naming `place`.
const HistoryRun& find_run(const History& history, const std::string& id, const std::string& place);

// What is asked for: options that several of the verbs have.
struct HistoryQuery {
  std::string store;
  HistoryFilter filter;
  std::string json, csv;
  void check() const;  // throws Error when the times are none
};
void add_history_filter(CLI::App& verb, HistoryQuery& query);

void add_history_screen(CLI::App& history, VerbContext& context);
void add_history_notes(CLI::App& history);
void add_history_upkeep(CLI::App& history, VerbContext& context);  // prune, rebuild

}  // namespace inferbench
