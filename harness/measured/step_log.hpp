#pragma once

#include <vector>

#include "harness/replay/step_observer.hpp"

namespace inferbench {

// A step that was run, and what it took.
struct ExecutedStep {
  std::vector<BatchItem> items;
  StepTiming timing;
};

// Notes every step that enters the pipeline.
class StepLog final : public StepObserver {
 public:
  bool every_step() const override { return true; }
  void queued(std::int32_t, const Request&, Time) override {}
  void began(const Begun& step) override {
    steps_.push_back({step.plan.items, step.result.timing});
  }
  void ended(std::int32_t, std::span<const Emission>, Time) override {}
  void lost(std::int32_t, Time) override {}
  void left(std::int32_t, RequestRecord&) override {}

  const std::vector<ExecutedStep>& steps() const { return steps_; }

 private:
  std::vector<ExecutedStep> steps_;
};

}  // namespace inferbench
