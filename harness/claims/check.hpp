#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

#include "harness/claims/numbers.hpp"

namespace inferbench {

enum class Relation {
  equals,      // |quantity - value| <= tolerance
  at_least,    // quantity >= value - tolerance
  at_most,     // quantity <= value + tolerance
  between,     // values[0] <= quantity <= values[1], tolerance on both sides
  increasing,  // each member of the series above the one before, less the tolerance
  decreasing,
  constant,  // largest and smallest member of the series within the tolerance
  is,        // a text, one of `texts`
};

// One comparison. A series passes equals / at_least / at_most / between when every member does.
struct ClaimCheck {
  std::vector<std::string> quantities;  // "run.number"; several scalars together form a series
  Relation relation = Relation::equals;
  std::vector<double> values;
  std::vector<std::string> texts;     // for `is`
  std::vector<std::string> operands;  // quantities that stand in for `values`
  double times = 1;                   // factor on the operands
  double tolerance = 0;               // relative to the value; absolute when `absolute`
  bool absolute = false;
};

struct CheckOutcome {
  bool passed = false;
  std::string quantity, found, wanted;  // for people
};

// The numbers of all runs of a scenario, looked up as "run.number".
class NamedRuns {
 public:
  void add(std::string run, Numbers numbers);
  // Throws Error{place} with the nearest names when there is no such run or number.
  const NumberValue& at(const std::string& quantity, const std::string& place) const;
  const std::vector<std::pair<std::string, Numbers>>& all() const { return runs_; }

 private:
  std::vector<std::pair<std::string, Numbers>> runs_;
};

// Reads {"quantity": "run.number", "relation": "equals", "value": 28.02, "tolerance": 0.001}.
// "quantities": [...] instead of "quantity"; "values": [lo, hi] for between; a value may be the
// name of another quantity, scaled by "times"; "absolute": true makes the tolerance absolute.
// Throws Error{place}.
ClaimCheck read_check(const nlohmann::json& json, const std::string& place);

// An absent number passes no check. Throws Error{place} for an unknown quantity, and for a text
// compared as a number.
CheckOutcome evaluate(const ClaimCheck& check, const NamedRuns& runs, const std::string& place);

}  // namespace inferbench
