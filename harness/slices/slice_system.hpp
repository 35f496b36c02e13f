#pragma once

#include <memory>
#include <vector>

#include "harness/measured/cpu_setup.hpp"
#include "harness/replay/fleet.hpp"
#include "harness/slices/slice_executor.hpp"
#include "harness/slices/slice_model.hpp"

namespace inferbench {

// A deployment under a workload of which one rank is executed on this host: DP replicas behind a
// router, PP steps in flight, and every step's time composed of what the rank's part of it was
// measured to take and of modelled collectives.
//
// Replicas are executed by the same slice in turns: their KV blocks lie over each other, which no
// time depends on.
class SliceSystem final : public SystemUnderTest {
 public:
  // `setup` has a slice. `links`: the deployment on whose GPUs and network collectives are
  // modelled, as SliceComposition takes it. `hash_tokens`: WorkloadInfo::block_tokens of the
  // workload.
  SliceSystem(const CpuSetup& setup, const Deployment& links, const OpsParameters& parameters,
              Tokens hash_tokens);
  ~SliceSystem() override;

  void serve(RequestSource& source, RecordSink& sink) override;

  const SchedulerOptions& scheduler_options() const { return limits_; }
  std::vector<ReplicaStats> stats() const { return fleet_->stats(); }
  const TimeShares& shares() const { return shares_; }
  double layer_spread() const { return blocks_.layer_spread(); }
  std::size_t weight_bytes() const { return model_.weights().linear_bytes(); }  // of the slice
  const CpuExecutor& executor(std::size_t replica) const { return *ranks_[replica]; }

 private:
  SchedulerOptions limits_;
  ThreadTeam team_;
  std::unique_ptr<SliceExperts> experts_;  // null: the routers of one rank choose
  SliceModel model_;
  SliceBlocks blocks_;
  SliceComposition composition_;
  TimeShares shares_;
  std::vector<std::unique_ptr<Scheduler>> schedulers_;  // by replica, as the next two
  std::vector<std::unique_ptr<CpuExecutor>> ranks_;
  std::vector<std::unique_ptr<SliceExecutor>> executors_;
  std::unique_ptr<Router> router_;
  SimulatedClock clock_;
  std::unique_ptr<Fleet> fleet_;
};

}  // namespace inferbench
