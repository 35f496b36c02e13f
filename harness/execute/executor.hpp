#pragma once

#include "harness/schedule/batch_plan.hpp"
#include "harness/schedule/step_result.hpp"

namespace inferbench {

// Runs one step: predicts it (modelled) or computes it (cpu, cuda; these block until done).
class Executor {
 public:
  virtual ~Executor() = default;
  virtual StepResult run(const BatchPlan& plan) = 0;
};

}  // namespace inferbench
