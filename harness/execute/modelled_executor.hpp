#pragma once

#include <utility>

#include "harness/cost/step_cost_model.hpp"
#include "harness/execute/executor.hpp"
#include "harness/execute/host_link.hpp"

namespace inferbench {

// Predicts each step's time with a cost model, and what keys and values take over the host link;
// nothing runs.
class ModelledExecutor final : public Executor {
 public:
  explicit ModelledExecutor(StepCostModel model)
      : model_(std::move(model)), host_link_(model_.deployment()) {}

  StepResult run(const BatchPlan& plan) override {
    StepResult result{.timing = model_.step(plan), .accepted = {}};
    host_link_.add(plan, result.timing);
    return result;
  }
  bool foretells() const override { return true; }
  void foretell(const BatchPlan& plan, std::int64_t most, Duration until,
                std::vector<StepTiming>& timings) override {
    model_.foretell(plan, most, until, timings);
  }

 private:
  StepCostModel model_;
  HostLink host_link_;
};

}  // namespace inferbench
