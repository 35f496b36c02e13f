#pragma once

#include "harness/execute/executor.hpp"

namespace inferbench {

// Every step takes the same time, whatever is in it: for tests whose answer is worked out by hand,
// and for measuring the harness itself.
class FixedCostExecutor final : public Executor {
 public:
  // `stage`: how long one pipeline stage is occupied; `stages` of them make a step.
  explicit FixedCostExecutor(Duration stage, int stages = 1);

  StepResult run(const BatchPlan& plan) override;
  bool foretells() const override { return true; }
  void foretell(const BatchPlan& plan, std::int64_t most, Duration until,
                std::vector<StepTiming>& timings) override;

 private:
  StepResult result_;
};

}  // namespace inferbench
