#pragma once

#include <string>
#include <vector>

#include "harness/claims/check.hpp"

namespace inferbench {

// One call of a measure (harness/claims/registry.hpp).
struct ScenarioRun {
  std::string name;     // checks speak of "name.number"
  std::string measure;  // registered name
  std::string inputs;   // JSON object text
};

// Checks that hold together under the same assumptions.
struct CheckGroup {
  std::vector<std::string> assumptions;
  std::vector<ClaimCheck> checks;
};

// Part of a row that does not run here, and what it waits for.
struct NotCovered {
  std::string part, waits_for;
};

// One row of the claims table: what a public document says, how it is worked out here, and the
// checks that its label is computed from. Read from tests/scenarios/NAME.json; docs/claims.md lists
// the keys.
struct Scenario {
  std::string name;      // "A10" or, for a further part of the same row, "A10-ep32"
  std::string row;       // "A10"
  std::string document;  // the public document by its title
  std::string says;
  std::string comes_out;  // text with {run.number} in it
  std::string why;        // why the label is not better; what to be careful with
  std::vector<ScenarioRun> runs;
  CheckGroup stated;     // inputs as the document states them
  CheckGroup assumed;    // with assumptions that the document does not state
  CheckGroup direction;  // orderings only
  // Numbers known from an independent calculation: they do not touch the label, but a change of
  // one is reported.
  CheckGroup pinned;
  std::string not_run;  // why nothing of the row runs
  std::string waits_for;
  std::string recorded;  // why the row is recorded only: a forecast, a dated feature list
  std::vector<NotCovered> not_covered;

  std::string place() const { return "tests/scenarios/" + name + ".json"; }
};

// `name` is the file name without ".json". Throws Error with the place for text that is not JSON, a
// missing, unknown or contradictory key.
Scenario read_scenario(const std::string& name, const std::string& text);

}  // namespace inferbench
