#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "harness/measured/step_log.hpp"
#include "harness/metrics/summary.hpp"
#include "harness/predicted/step_predictor.hpp"

namespace inferbench {

// One quantity measured, and the same one modelled.
struct Residual {
  double measured = 0, modelled = 0;

  // By how much the model is above the measurement, relative to it; 0 where both are 0, and 1
  // where only the measurement is.
  double error() const;
};

// The same plans, one by one: what each took, and what the model says that it takes.
struct StepResiduals {
  std::uint64_t steps = 0;
  Residual seconds;                  // of all steps
  std::vector<Residual> by_class;    // seconds of all steps, by OpClass
  double median_absolute_error = 0;  // of single steps, relative; 0 without steps
  AnsweredTimes answered{};          // of the modelled time
};

// Steps of drafts must not stand in the log. Throws Error as StepPredictor::step does.
StepResiduals step_residuals(std::span<const ExecutedStep> log, const StepPredictor& predictor);

// One metric of a whole run, and of the same workload served in modelled time.
struct MetricResidual {
  std::string id, unit;   // "ttft", "ms"
  std::string statistic;  // "mean", "p50"; empty for a rate
  Residual residual;
};

// TTFT, TPOT and E2E latency, mean and median, and requests and output tokens per second of the
// whole run: those that both summaries have.
std::vector<MetricResidual> metric_residuals(const Summary& measured, const Summary& modelled);

}  // namespace inferbench
