#include "results/store/prune.hpp"

#include <algorithm>
#include <map>
#include <set>

#include "results/store/screen.hpp"

namespace inferbench {
namespace {

// What rests on a run, by its id; absent: nothing.
std::map<std::string, std::string> reasons_to_keep(const History& history) {
  std::map<std::string, std::string> reasons;
  std::map<std::string, std::string> newest;  // by suite
  std::set<std::pair<std::string, std::string>> anchors;
  for (const HistoryRun& run : history.runs) {
    newest[run.suite] = run.id;
    if (!run.anchor.empty() && anchors.emplace(run.suite, run.anchor).second) {
      reasons.emplace(run.id, "the first with anchor " + run.anchor);
    }
  }
  for (const auto& [suite, id] : newest) reasons.emplace(id, "the newest of its suite");
  for (const HistoryNote& note : history.notes) {
    if (!note.run.empty()) reasons[note.run] = "a note is on it";
  }
  ScreenRule all;
  all.recent = 0;
  for (const Suspicion& step : screen_history(history, all).suspicions) {
    for (const std::size_t run : {step.before, step.at}) {
      reasons.emplace(history.runs[run].id, "beside a step");
    }
  }
  return reasons;
}

std::set<std::string> beyond_newest(const History& history, std::size_t newest) {
  std::map<std::string, std::size_t> seen;
  std::set<std::string> beyond;
  for (auto run = history.runs.rbegin(); run != history.runs.rend(); ++run) {
    if (++seen[run->suite] > newest) beyond.insert(run->id);
  }
  return beyond;
}

}  // namespace

PrunePlan plan_prune(const HistoryStore& store, const History& history, const PruneRule& rule) {
  const auto reasons = reasons_to_keep(history);
  const std::set<std::string> beyond =
      rule.newest ? beyond_newest(history, *rule.newest) : std::set<std::string>();
  PrunePlan plan{.drop = {}, .kept = {}, .whole_runs = rule.whole_runs};
  for (const HistoryRun& run : history.runs) {
    const bool old = !rule.before_utc.empty() && run.time_utc < rule.before_utc;
    if (!old && beyond.count(run.id) == 0) continue;
    if (!rule.whole_runs && !store.has_document(run.id)) continue;
    const auto reason = reasons.find(run.id);
    if (reason != reasons.end()) {
      plan.kept.push_back({run.id, reason->second});
    } else {
      plan.drop.push_back(run.id);
    }
  }
  return plan;
}

void prune(HistoryStore& store, const PrunePlan& plan) {
  if (plan.whole_runs) return store.drop_runs(plan.drop);
  for (const std::string& id : plan.drop) store.drop_document(id);
}

}  // namespace inferbench
