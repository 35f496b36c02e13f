#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

#include "harness/plan/enumerate.hpp"
#include "harness/plan/plan_rows.hpp"

namespace inferbench {

// A plan and everything it was made from.
struct Plan {
  ModelSpec model;
  HardwareSpec gpu;
  Precision precision;
  MemoryBudget budget;
  std::int64_t gpus = 0;
  std::vector<RuleText> rules;
  std::vector<PlanRow> rows;
};

// For people: the system, the rules that bind, one line a configuration, the counts.
std::string plan_table(const Plan& plan, bool only_fitting = false);

// The same with every memory part, units in the keys.
nlohmann::ordered_json plan_json(const Plan& plan);

// One configuration: its memory by part and where its groups lie.
std::string explain_row(const Plan& plan, const PlanRow& row);

}  // namespace inferbench
