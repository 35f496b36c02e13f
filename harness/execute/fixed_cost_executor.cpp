#include "harness/execute/fixed_cost_executor.hpp"

namespace inferbench {

FixedCostExecutor::FixedCostExecutor(Duration stage, int stages) {
  result_.timing.stage = stage;
  result_.timing.elapsed = stage * stages;
}

StepResult FixedCostExecutor::run(const BatchPlan& /*plan*/) {
  return result_;
}

void FixedCostExecutor::foretell(const BatchPlan& /*plan*/, std::int64_t most, Duration until,
                                 std::vector<StepTiming>& timings) {
  Duration sum{};
  for (; most > 0 && sum < until; --most, sum += result_.timing.elapsed) {
    timings.push_back(result_.timing);
  }
}

}  // namespace inferbench
