#pragma once

#include <memory>
#include <string>
#include <vector>

#include "bench/cli/replay_options.hpp"
#include "harness/predicted/comparison.hpp"
#include "workloads/request_source.hpp"

namespace inferbench {

// What a run measured beside what a model says of it.
struct ModelComparison {
  std::string basis;                    // "the machine's probes alone", "op table calib.json"
  StepResiduals steps;                  // the plans that ran, predicted one by one
  std::vector<MetricResidual> metrics;  // the workload served again, in modelled time
  AnsweredTimes answered{};             // of that run's modelled time
  std::vector<std::string> notes;
};

// Compares one run on this host with a model of it: the op table given, or else the machine's
// roofline, probed now, with nothing fitted. Made before the run, so that what cannot be compared
// is refused before anything is computed.
class ComparedModel {
 public:
  // Throws Error for speculation, whose acceptance nobody predicts, and for a table of another
  // machine or without an op that the run takes.
  ComparedModel(const ReplayArguments& given, const CpuSetup& setup);

  // `measured` is the run's summary, `log` its steps.
  ModelComparison compare(const ReplayArguments& given, const CpuSetup& setup,
                          const SchedulerOptions& limits, std::span<const ExecutedStep> log,
                          const Summary& measured) const;

 private:
  StepPredictor predictor(const CpuSetup& setup) const;

  std::string basis_;
  std::vector<std::string> notes_;
  std::shared_ptr<const OpTimer> timer_;
};

}  // namespace inferbench
