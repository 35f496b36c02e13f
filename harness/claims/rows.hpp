#pragma once

#include <map>
#include <string>
#include <vector>

#include "harness/claims/claim_result.hpp"

namespace inferbench {

// Every row of the claims table, in its order: A1..A23, B1..B18, C1..C9, D1..D20.
const std::vector<std::string>& claim_rows();

// The scenarios compiled into the program, in the order of claim_rows(); the parts of a row follow
// it by name.
const std::vector<Scenario>& scenarios();

// The scenarios of the given names ("A10-ep32") or rows ("A10": all its parts); all when empty.
// Letter case does not matter. Throws Error with the nearest names.
std::vector<Scenario> select_scenarios(const std::vector<std::string>& names);

// tests/scenarios/expected_labels.json: the label each scenario is known to have, so that a change
// is noticed. Never read when labels are computed.
const std::map<std::string, std::string>& expected_labels();

}  // namespace inferbench
