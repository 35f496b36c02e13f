#pragma once

#include <functional>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "harness/execute/cpu/concurrent_executor.hpp"
#include "harness/measured/cpu_replica.hpp"
#include "harness/replay/engine.hpp"
#include "harness/replay/fleet.hpp"

namespace inferbench {

// What the ranks of a run exchanged.
struct RankActivity {
  std::int64_t all_reduces = 0;  // of the first rank of each replica
  std::uint64_t wire_bytes = 0;  // between all ranks
  std::string transport;         // "threads", "MPI processes"
};

// A model executed on this host under a workload, every step computed and timed.
//
// One replica: on the simulated clock arrivals come when they are due by measured time, and
// whatever the harness does between steps counts as host time of the next one. Several stand
// behind a router and compute at the same time, each on ranks and a thread of its own, so that
// their steps take what they take beside each other; the clock is a ReplicaClock.
class CpuSystem final : public SystemUnderTest {
 public:
  // Builds the replicas, one after the other. `hash_tokens`: WorkloadInfo::block_tokens of the
  // workload. `ranks`: of each replica, as CpuReplica takes them; none: threads of this process.
  CpuSystem(const CpuSetup& setup, Tokens hash_tokens, std::span<RankGroup* const> ranks = {});
  ~CpuSystem() override;

  void serve(RequestSource& source, RecordSink& sink) override;

  const SchedulerOptions& scheduler_options() const { return limits_; }
  Tokens longest_sequence() const;
  std::vector<ReplicaStats> stats() const;  // by replica
  FleetActivity activity() const;
  std::uint64_t answers_digest() const;
  std::size_t weight_bytes() const;  // packed, of a target: what a decode step reads
  // What ranks exchanged while serving, drafts included. Asks the other ranks.
  RankActivity rank_activity();

 private:
  void stand_alone();
  void stand_behind_router();

  CpuSetup setup_;
  SchedulerOptions limits_;
  std::vector<std::unique_ptr<CpuReplica>> replicas_;
  RankActivity before_;  // serving
  StepsUnderWay steps_;
  std::vector<std::unique_ptr<ConcurrentExecutor>> executors_;  // of several replicas
  std::unique_ptr<Router> router_;
  std::unique_ptr<Clock> clock_;
  std::function<void()> start_clock_;  // where time runs by itself
  std::unique_ptr<Engine> engine_;     // of one replica,
  std::unique_ptr<Fleet> fleet_;       // or of several
};

}  // namespace inferbench
