#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "harness/claims/scenario.hpp"
#include "harness/claims/world.hpp"

namespace inferbench {

// How a claim fares: the first group of checks that passes entirely gives the label.
enum class Label {
  reproduces,         // every stated check passes
  under_assumptions,  // not as stated, but every check under the named assumptions passes
  direction_only,     // the ordering holds, the numbers do not
  does_not,           // no group passes
  not_run,
  recorded_only,
};

// "reproduces", "under assumptions", "direction only", "does not", "not run", "recorded only"
std::string_view name(Label label);

struct GroupOutcome {
  std::string name;  // "stated", "assumed", "direction", "pinned"
  bool passed = false;
  std::vector<CheckOutcome> checks;
};

struct ClaimResult {
  Scenario scenario;
  Label label = Label::does_not;
  NamedRuns runs;
  std::vector<GroupOutcome> groups;  // those the scenario has, in the order above
  std::string comes_out;             // the scenario's text with its numbers filled in
};

// Runs the measures of one scenario and computes its label. Throws Error{file} for a scenario that
// names what does not exist.
ClaimResult run_scenario(const Scenario& scenario, const World& world);

// Many of them, on all cores; in the order given whatever the number of threads.
std::vector<ClaimResult> run_scenarios(const std::vector<Scenario>& scenarios, const World& world,
                                       unsigned threads = 0);

}  // namespace inferbench
