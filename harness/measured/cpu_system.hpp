#pragma once

#include <memory>
#include <vector>

#include "harness/measured/cpu_setup.hpp"
#include "harness/measured/wall_clock.hpp"
#include "harness/replay/engine.hpp"

namespace inferbench {

// A model executed on this host under a workload: one replica, whose steps are computed and timed.
// On the simulated clock arrivals come when they are due by measured time, and whatever the harness
// does between steps counts as host time of the next one.
class CpuSystem final : public SystemUnderTest {
 public:
  // Reads or generates the weights and packs them, and computes a few tokens to warm up.
  // `hash_tokens`: WorkloadInfo::block_tokens of the workload.
  CpuSystem(const CpuSetup& setup, Tokens hash_tokens);
  ~CpuSystem() override;

  void serve(RequestSource& source, RecordSink& sink) override;

  const SchedulerOptions& scheduler_options() const { return limits_; }
  Tokens longest_sequence() const;
  ReplicaStats stats() const;
  const CpuExecutor& executor() const;
  std::size_t weight_bytes() const;  // packed, of the target: what a decode step reads

 private:
  struct Model;

  CpuSetup setup_;
  SchedulerOptions limits_;
  ThreadTeam team_;
  std::unique_ptr<Model> target_, draft_;
  std::unique_ptr<Drafter> drafter_;
  std::unique_ptr<Scheduler> scheduler_;
  std::unique_ptr<CpuExecutor> executor_;
  std::unique_ptr<Clock> clock_;
  std::unique_ptr<Engine> engine_;
};

}  // namespace inferbench
