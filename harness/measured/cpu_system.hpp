#pragma once

#include <memory>
#include <vector>

#include "harness/execute/ranks/thread_ranks.hpp"
#include "harness/measured/cpu_setup.hpp"
#include "harness/measured/wall_clock.hpp"
#include "harness/replay/engine.hpp"

namespace inferbench {

// What the ranks of a run exchanged.
struct RankActivity {
  std::int64_t all_reduces = 0;
  std::uint64_t wire_bytes = 0;  // between all ranks
  std::string transport;         // "threads", "MPI processes"
};

// What each rank must build for a setup, in this order: the target, then a drafting model.
std::vector<ModelPlan> model_plans(const CpuSetup& setup);

// A model executed on this host under a workload: one replica, whose steps are computed and timed.
// On the simulated clock arrivals come when they are due by measured time, and whatever the harness
// does between steps counts as host time of the next one.
class CpuSystem final : public SystemUnderTest {
 public:
  // Reads or generates the weights and packs them, and computes a few tokens to warm up.
  // `hash_tokens`: WorkloadInfo::block_tokens of the workload. `ranks`: as many as the setup has,
  // which outlive this; null: threads of this process.
  CpuSystem(const CpuSetup& setup, Tokens hash_tokens, RankGroup* ranks = nullptr);
  ~CpuSystem() override;

  void serve(RequestSource& source, RecordSink& sink) override;

  const SchedulerOptions& scheduler_options() const { return limits_; }
  Tokens longest_sequence() const;
  ReplicaStats stats() const;
  const CpuExecutor& executor() const;
  std::size_t weight_bytes() const;  // packed, of the target: what a decode step reads
  // What ranks exchanged while serving, drafts included. Asks the other ranks.
  RankActivity rank_activity();

 private:
  CpuSetup setup_;
  SchedulerOptions limits_;
  std::unique_ptr<RankGroup> own_ranks_;  // null: those of the caller
  RankGroup& ranks_;
  std::unique_ptr<RankedModel> target_, draft_;
  RankActivity before_;  // serving
  std::unique_ptr<Drafter> drafter_;
  std::unique_ptr<Scheduler> scheduler_;
  std::unique_ptr<CpuExecutor> executor_;
  std::unique_ptr<Clock> clock_;
  std::unique_ptr<Engine> engine_;
};

}  // namespace inferbench
