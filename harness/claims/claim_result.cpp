#include "harness/claims/claim_result.hpp"

#include <nlohmann/json.hpp>

#include "harness/base/error.hpp"
#include "harness/base/parallel_for.hpp"
#include "harness/claims/registry.hpp"

namespace inferbench {
namespace {

NamedRuns run_measures(const Scenario& scenario, const World& world) {
  NamedRuns runs;
  for (const ScenarioRun& run : scenario.runs) {
    const std::string place = scenario.place() + ": run \"" + run.name + "\"";
    const Measure& measure = find_measure(run.measure, place);
    const nlohmann::json json = parse_json(run.inputs, place);
    const JsonObject inputs(json, place, "docs/claims.md");
    runs.add(run.name, measure.function(inputs, world));
    inputs.refuse_unknown();
  }
  return runs;
}

GroupOutcome run_group(const char* name, const CheckGroup& group, const NamedRuns& runs,
                       const std::string& place) {
  GroupOutcome outcome{.name = name, .passed = true, .checks = {}};
  for (const ClaimCheck& check : group.checks) {
    outcome.checks.push_back(evaluate(check, runs, place));
    outcome.passed = outcome.passed && outcome.checks.back().passed;
  }
  return outcome;
}

Label label_of(const Scenario& scenario, const std::vector<GroupOutcome>& groups) {
  if (!scenario.not_run.empty()) return Label::not_run;
  if (!scenario.recorded.empty()) return Label::recorded_only;
  for (const GroupOutcome& group : groups) {
    if (!group.passed) continue;
    if (group.name == "stated") return Label::reproduces;
    if (group.name == "assumed") return Label::under_assumptions;
    if (group.name == "direction") return Label::direction_only;
  }
  return Label::does_not;
}

// "{run.number}" in a text becomes the number; "{run.number:6}" with six significant digits.
std::string filled(const std::string& text, const NamedRuns& runs, const std::string& place) {
  std::string out;
  std::size_t from = 0;
  while (true) {
    const std::size_t open = text.find('{', from);
    if (open == std::string::npos) return out + text.substr(from);
    const std::size_t close = text.find('}', open);
    if (close == std::string::npos) {
      throw Error(place, "\"comes_out\" has a { without its }", "a number is {run.number}");
    }
    std::string quantity = text.substr(open + 1, close - open - 1);
    int digits = 3;
    if (const std::size_t colon = quantity.find(':'); colon != std::string::npos) {
      const std::string count = quantity.substr(colon + 1);
      if (count.size() != 1 || count[0] < '1' || count[0] > '9') {
        throw Error(place, "\"comes_out\" asks for \"" + count + "\" digits", "1 to 9");
      }
      digits = count[0] - '0';
      quantity.resize(colon);
    }
    out += text.substr(from, open - from) + shown(runs.at(quantity, place), digits);
    from = close + 1;
  }
}

}  // namespace

std::string_view name(Label label) {
  switch (label) {
    case Label::reproduces:
      return "reproduces";
    case Label::under_assumptions:
      return "under assumptions";
    case Label::direction_only:
      return "direction only";
    case Label::does_not:
      return "does not";
    case Label::not_run:
      return "not run";
    case Label::recorded_only:
      return "recorded only";
  }
  return "";
}

ClaimResult run_scenario(const Scenario& scenario, const World& world) {
  ClaimResult result;
  result.scenario = scenario;
  const std::string place = scenario.place();
  result.runs = run_measures(scenario, world);
  if (!scenario.stated.checks.empty()) {
    result.groups.push_back(run_group("stated", scenario.stated, result.runs, place));
  }
  if (!scenario.assumed.checks.empty()) {
    result.groups.push_back(run_group("assumed", scenario.assumed, result.runs, place));
  }
  if (!scenario.direction.checks.empty()) {
    result.groups.push_back(run_group("direction", scenario.direction, result.runs, place));
  }
  if (!scenario.pinned.checks.empty()) {
    result.groups.push_back(run_group("pinned", scenario.pinned, result.runs, place));
  }
  result.label = label_of(scenario, result.groups);
  result.comes_out = filled(scenario.comes_out, result.runs, place);
  return result;
}

std::vector<ClaimResult> run_scenarios(const std::vector<Scenario>& scenarios, const World& world,
                                       unsigned threads) {
  std::vector<ClaimResult> results(scenarios.size());
  parallel_for(scenarios.size(), threads,
               [&](std::size_t i) { results[i] = run_scenario(scenarios[i], world); });
  return results;
}

}  // namespace inferbench
