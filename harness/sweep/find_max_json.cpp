#include "harness/sweep/find_max_json.hpp"

#include <cmath>
#include <nlohmann/json.hpp>

namespace inferbench {
namespace {

using Json = nlohmann::ordered_json;

const char* name(SearchState state) {
  switch (state) {
    case SearchState::cannot_serve:
      return "cannot_serve";
    case SearchState::pruned:
      return "pruned";
    case SearchState::beaten:
      return "beaten";
    case SearchState::best:
      break;
  }
  return "best";
}

const char* name(ProbeVerdict verdict) {
  switch (verdict) {
    case ProbeVerdict::met:
      return "met";
    case ProbeVerdict::missed:
      return "missed";
    case ProbeVerdict::undecided:
      break;
  }
  return "undecided";
}

Json probe_json(const Probe& probe) {
  Json json = {{"load", probe.load},
               {"verdict", name(probe.verdict)},
               {"requests_seen", probe.seen},
               {"whole", probe.whole},
               {"binds", probe.binds}};
  if (probe.strain && std::isfinite(*probe.strain)) json["strain"] = *probe.strain;
  json["constraints"] = Json::array();
  for (const ConstraintCount& count : probe.counts) {
    Json entry = {{"over", count.over}};
    if (count.attained) entry["attained"] = *count.attained;
    json["constraints"].push_back(std::move(entry));
  }
  return json;
}

Json reference(const FindMaxResult& result, std::size_t index) {
  const SweepTask& task = result.tasks[index].task;
  return {
      {"point", index}, {"parallel", label(task.parallel)}, {"chunk_tokens", task.chunk.count()}};
}

}  // namespace

Json searched_task_json(const SearchedTask& task) {
  Json json = {{"parallel", label(task.task.parallel)},
               {"chunk_tokens", task.task.chunk.count()},
               {"state", name(task.state)}};
  if (!task.why_not.empty()) json["why_not"] = task.why_not;
  if (task.met() > 0) json["load_met"] = task.met();
  if (std::isfinite(task.missed())) json["load_missed"] = task.missed();
  if (std::isfinite(task.highest_load)) json["highest_load"] = task.highest_load;
  json["probes"] = Json::array();
  for (const Probe& probe : task.probes) json["probes"].push_back(probe_json(probe));
  return json;
}

Json find_max_findings_json(const FindMaxResult& result) {
  Json json = Json::object();
  if (result.best) {
    json["load"] = result.load;
    if (std::isfinite(result.next)) json["next_load_missed"] = result.next;
    json["best"] = reference(result, *result.best);
    json["ties"] = Json::array();
    for (const std::size_t tie : result.ties) json["ties"].push_back(reference(result, tie));
    json["at_highest"] = result.at_highest;
  }
  if (result.closest) json["closest"] = reference(result, *result.closest);
  json["violations"] = Json::array();
  for (const MonotonicityViolation& violation : result.violations) {
    Json entry = reference(result, violation.task);
    entry["missed"] = violation.missed, entry["met"] = violation.met;
    json["violations"].push_back(std::move(entry));
  }
  json["probes"] = result.probes();
  json["tasks"] = result.tasks.size();
  for (const SearchState state :
       {SearchState::cannot_serve, SearchState::pruned, SearchState::beaten, SearchState::best}) {
    json[std::string("tasks_") + name(state)] = result.count(state);
  }
  return json;
}

}  // namespace inferbench
