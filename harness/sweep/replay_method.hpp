#pragma once

#include <memory>
#include <optional>
#include <string>

#include "harness/metrics/slo.hpp"
#include "harness/replay/deployed_system.hpp"
#include "harness/sweep/steady.hpp"
#include "harness/sweep/sweep_method.hpp"
#include "workloads/request.hpp"
#include "workloads/workload_options.hpp"

namespace inferbench {

// What SweepTask::load counts.
enum class LoadKind {
  as_offered,  // the workload's own arrivals; load is 0
  rate,        // requests per second, the workload's arrivals rescaled
  users,       // closed loop of so many concurrent users
};

// How a replay sweep offers its workload and judges the answer.
struct ReplaySweep {
  std::shared_ptr<const Workload> workload;
  WorkloadOptions offer;  // seed, think time, max_output; rate and concurrency come from the load
  LoadKind load = LoadKind::as_offered;
  ServingOptions serving;  // step_tokens comes from the task's chunk
  std::optional<Slo> slo;
};

// Event replay of one workload per configuration, chunk size and load. The chunk is the step's
// token budget per attention rank (engines call it max_num_batched_tokens); running requests are
// capped at it.
//
// A point's numbers are medians over requests (TTFT with queueing, 1 / TPOT) and output
// tokens/s/GPU of the run's headline window. A point that misses the SLO, or rejects requests, says
// so and is kept off the frontier.
class ReplayMethod final : public SweepMethod {
 public:
  ReplayMethod(SweepSystem system, ReplaySweep sweep);

  std::string name() const override { return "replay"; }
  SweepPoint evaluate(const SweepTask& task) const override;

 private:
  void serve(const Deployment& deployment, SweepPoint& point) const;

  SweepSystem system_;
  ReplaySweep sweep_;
};

}  // namespace inferbench
