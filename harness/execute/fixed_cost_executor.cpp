#include "harness/execute/fixed_cost_executor.hpp"

namespace inferbench {

FixedCostExecutor::FixedCostExecutor(Duration stage, int stages) {
  result_.timing.stage = stage;
  result_.timing.elapsed = stage * stages;
}

StepResult FixedCostExecutor::run(const BatchPlan& /*plan*/) {
  return result_;
}

}  // namespace inferbench
