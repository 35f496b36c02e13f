#pragma once

#include <atomic>
#include <memory>
#include <vector>

#include "harness/execute/ranks/rank_group.hpp"
#include "harness/execute/ranks/rank_orders.hpp"
#include "kernels/collectives/communicator.hpp"

namespace inferbench {

// A replica of a model in other processes, as the one that plans and samples for it sees it. Its
// first rank, the leader, drives the others of its replica and sends the logits here; while it
// computes, this process waits without taking CPU time. What passes between the two, batches and
// logits, is not among the bytes that ranks move.
class RemoteReplica final : public RankGroup {
 public:
  // Keeps a reference. `leader`: in the world; `ranks` and `threads` (to sample with) as a
  // ProcessRanks has them.
  RemoteReplica(Communicator& world, int leader, int ranks, unsigned threads);
  ~RemoteReplica() override;

  int size() const override { return ranks_; }
  ThreadTeam& team() override { return team_; }
  std::string transport() const override { return "MPI processes"; }
  std::unique_ptr<RankedModel> build(const ModelPlan& plan) override;
  std::uint64_t wire_bytes() override;
  // As ProcessRanks::in_step.
  bool in_step() const { return in_step_; }

 private:
  class Model;
  std::uint64_t ask(const RankOrder& order);

  Communicator& world_;
  int leader_, ranks_;
  ThreadTeam team_;
  std::int64_t models_ = 0;
  std::atomic<bool> in_step_{false};
};

// The leader's side: has `ranks` do what rank 0 of the world orders, with the plans in the order in
// which that one builds them. Returns when it is done. Throws what building or computing throws.
void lead_replica(Communicator& world, RankGroup& ranks, const std::vector<ModelPlan>& plans);

}  // namespace inferbench
