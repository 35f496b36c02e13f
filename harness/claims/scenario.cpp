#include "harness/claims/scenario.hpp"

#include <nlohmann/json.hpp>

#include "harness/base/error.hpp"
#include "harness/catalog/json_object.hpp"

namespace inferbench {
namespace {

using nlohmann::json;

std::vector<ScenarioRun> read_runs(const JsonObject& file, const std::string& place) {
  std::vector<ScenarioRun> runs;
  if (!file.has("runs")) return runs;
  for (const json& entry : file.array("runs")) {
    const JsonObject run(entry, place + ": \"runs\"", "docs/claims.md");
    runs.push_back({.name = run.text("name"),
                    .measure = run.text("measure"),
                    .inputs = run.has("inputs") ? entry.at("inputs").dump() : "{}"});
    run.refuse_unknown();
    for (std::size_t i = 0; i + 1 < runs.size(); ++i) {
      if (runs[i].name == runs.back().name) {
        run.refuse("name", "\"" + runs.back().name + "\" stands twice", "names are unique");
      }
    }
  }
  return runs;
}

CheckGroup read_group(const JsonObject& file, const std::string& key, bool needs_assumptions) {
  CheckGroup group;
  if (!file.has(key)) return group;
  const JsonObject object = file.object(key);
  group.assumptions = object.texts("assumptions");
  for (const json& entry : object.array("checks")) {
    group.checks.push_back(read_check(entry, object.place()));
  }
  object.refuse_unknown();
  if (group.checks.empty())
    object.refuse("checks", "is empty", "a group without checks proves nothing");
  if (needs_assumptions && group.assumptions.empty()) {
    object.refuse("assumptions", "is missing", "assumed checks name their assumptions");
  }
  return group;
}

std::vector<NotCovered> read_not_covered(const JsonObject& file, const std::string& place) {
  std::vector<NotCovered> parts;
  if (!file.has("not_covered")) return parts;
  for (const json& entry : file.array("not_covered")) {
    const JsonObject part(entry, place + ": \"not_covered\"", "docs/claims.md");
    parts.push_back({.part = part.text("part"), .waits_for = part.text("waits_for")});
    part.refuse_unknown();
  }
  return parts;
}

// A row runs and has checks, or says why it does not. A recorded row may compute numbers, but
// nothing that it says can be right or wrong here.
void check_kind(const Scenario& scenario) {
  const bool checks = !scenario.stated.checks.empty() || !scenario.assumed.checks.empty() ||
                      !scenario.direction.checks.empty();
  const int kinds =
      (checks ? 1 : 0) + (scenario.not_run.empty() ? 0 : 1) + (scenario.recorded.empty() ? 0 : 1);
  if (kinds != 1) {
    throw Error(scenario.place(), "has " + std::to_string(kinds) + " of checks, not_run, recorded",
                "a scenario has exactly one of them");
  }
  if (checks && scenario.stated.checks.empty()) {
    throw Error(scenario.place(), "has no \"stated\" checks",
                "a label better than it deserves is avoided by testing the statement first");
  }
  if (scenario.not_run.empty() != scenario.waits_for.empty()) {
    throw Error(scenario.place(), "\"not_run\" and \"waits_for\" belong together");
  }
}

}  // namespace

Scenario read_scenario(const std::string& name, const std::string& text) {
  Scenario scenario;
  scenario.name = name;
  const std::string place = scenario.place();
  const json whole = parse_json(text, place);
  const JsonObject file(whole, place, "docs/claims.md");
  scenario.row = file.text("row");
  if (name != scenario.row && !name.starts_with(scenario.row + "-")) {
    file.refuse("row", "is " + scenario.row, "the file is named ROW.json or ROW-PART.json");
  }
  scenario.document = file.text("document");
  scenario.says = file.text("says");
  scenario.comes_out = file.text("comes_out", "");
  scenario.why = file.text("why", "");
  scenario.runs = read_runs(file, place);
  scenario.stated = read_group(file, "stated", false);
  scenario.assumed = read_group(file, "assumed", true);
  scenario.direction = read_group(file, "direction", false);
  scenario.pinned = read_group(file, "pinned", false);
  scenario.not_run = file.text("not_run", "");
  scenario.waits_for = file.text("waits_for", "");
  scenario.recorded = file.text("recorded", "");
  scenario.not_covered = read_not_covered(file, place);
  file.refuse_unknown();
  check_kind(scenario);
  return scenario;
}

}  // namespace inferbench
