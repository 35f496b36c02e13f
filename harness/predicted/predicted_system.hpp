#pragma once

#include <memory>

#include "harness/predicted/step_predictor.hpp"
#include "harness/replay/engine.hpp"
#include "harness/replay/serving_options.hpp"

namespace inferbench {

// Steps that take what is predicted of them; nothing is computed.
class PredictedExecutor final : public Executor {
 public:
  explicit PredictedExecutor(StepPredictor predictor) : predictor_(std::move(predictor)) {}

  StepResult run(const BatchPlan& plan) override;
  // Of all steps so far.
  const AnsweredTimes& answered() const { return answered_; }

 private:
  StepPredictor predictor_;
  AnsweredTimes answered_{};
};

// The replica that CpuSystem runs, in modelled time: the same scheduler with the same limits.
class PredictedSystem final : public SystemUnderTest {
 public:
  // `limits`: CpuSystem::scheduler_options().
  PredictedSystem(const ServingOptions& serving, const SchedulerOptions& limits,
                  StepPredictor predictor);

  void serve(RequestSource& source, RecordSink& sink) override;

  ReplicaStats stats() const { return engine_.stats(); }
  const AnsweredTimes& answered() const { return executor_.answered(); }

 private:
  SchedulerOptions limits_;
  std::unique_ptr<Scheduler> scheduler_;
  PredictedExecutor executor_;
  SimulatedClock clock_;
  Engine engine_;
};

}  // namespace inferbench
