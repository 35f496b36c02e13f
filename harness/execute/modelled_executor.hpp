#pragma once

#include <utility>

#include "harness/cost/step_cost_model.hpp"
#include "harness/execute/executor.hpp"

namespace inferbench {

// Predicts each step's time with a cost model; nothing runs.
class ModelledExecutor final : public Executor {
 public:
  explicit ModelledExecutor(StepCostModel model) : model_(std::move(model)) {}

  StepResult run(const BatchPlan& plan) override {
    return {.timing = model_.step(plan), .accepted = {}};
  }
  bool foretells() const override { return true; }
  void foretell(const BatchPlan& plan, std::int64_t most, Duration until,
                std::vector<StepTiming>& timings) override {
    model_.foretell(plan, most, until, timings);
  }

 private:
  StepCostModel model_;
};

}  // namespace inferbench
