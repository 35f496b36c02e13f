#include "harness/predicted/predicted_system.hpp"

#include <algorithm>
#include <utility>

#include "harness/replay/longest_sequence.hpp"
#include "harness/schedule/registry.hpp"

namespace inferbench {

StepResult PredictedExecutor::run(const BatchPlan& plan) {
  const StepPrediction step = predictor_.step(plan);
  for (std::size_t i = 0; i < kAnswered; ++i) answered_[i] += step.answered[i];
  return {.timing = step.timing(), .accepted = {}};
}

PredictedSystem::PredictedSystem(const ServingOptions& serving, const SchedulerOptions& limits,
                                 StepPredictor predictor)
    : limits_(limits),
      scheduler_(make_scheduler(serving.scheduler, limits)),
      executor_(std::move(predictor)),
      engine_(*scheduler_, executor_, clock_, EngineOptions{.stages = 1, .cut = serving.cut}) {}

void PredictedSystem::serve(RequestSource& source, RecordSink& sink) {
  const Tokens pool = limits_.block_tokens * limits_.kv_blocks + Tokens(1);
  LongestSequenceSource fitting(source, std::min(limits_.context, pool));
  engine_.serve(fitting, sink);
}

}  // namespace inferbench
