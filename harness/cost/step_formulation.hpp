#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "harness/cost/ops_step.hpp"
#include "harness/cost/step_cost_model.hpp"

namespace inferbench {

// The two ways to time a step, behind StepCostModel.
class StepFormulation {
 public:
  virtual ~StepFormulation() = default;
  virtual StepTiming step(const BatchPlan& plan) const = 0;
  virtual StepExplanation explain(const BatchPlan& plan) const = 0;
};

std::unique_ptr<const StepFormulation> ops_step(const Deployment& deployment,
                                                const OpsParameters& parameters);
std::unique_ptr<const StepFormulation> claims_step(const Deployment& deployment,
                                                   const ClaimsParameters& parameters);

// Adds up the plan's items per attention rank; ranks.size() is the deployment's EP degree. A window
// of 0 leaves the windowed loads empty.
void add_items(const BatchPlan& plan, double window, std::span<RankLoad> ranks);

}  // namespace inferbench
