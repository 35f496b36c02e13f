#pragma once

#include <atomic>
#include <memory>
#include <vector>

#include "harness/execute/ranks/rank_group.hpp"
#include "harness/execute/ranks/rank_orders.hpp"
#include "harness/execute/ranks/rank_part.hpp"
#include "kernels/collectives/communicator.hpp"

namespace inferbench {

// Ranks as processes, one each, that share a communicator (MPI). The first one drives: what it
// builds and computes the others do as well, in follow(), until it is destroyed.
//
// A process that ends early leaves the others waiting in a message; whoever started them (mpirun)
// ends those.
class ProcessRanks final : public RankGroup {
 public:
  // Keeps a reference. `threads`: of this rank.
  ProcessRanks(Communicator& world, unsigned threads);
  ~ProcessRanks() override;

  bool leads() const { return world_.rank() == 0; }
  // Others may wait for a message of this rank: an error thrown meanwhile must end the process, not
  // the conversation.
  bool in_step() const { return in_step_; }
  int size() const override { return world_.size(); }
  ThreadTeam& team() override { return team_; }
  std::string transport() const override { return "MPI processes"; }

  // Of the leading process. A follower's plan differs in nothing but memory: the number of KV
  // blocks is the leading one's.
  std::unique_ptr<RankedModel> build(const ModelPlan& plan) override;
  std::uint64_t wire_bytes() override;

  // Of the others: does what the leading process does, with the plans in the order in which that
  // one builds them. Returns when it is done. Throws what building or computing throws.
  void follow(const std::vector<ModelPlan>& plans);

 private:
  class Model;

  void announce(const RankOrder& order);
  std::uint64_t sum_of_reports(const RankOrder& order, std::uint64_t own);
  std::uint64_t own_wire_bytes() const { return world_.traffic().total() - control_bytes_; }

  Communicator& world_;
  ThreadTeam team_;
  std::vector<int> others_;
  std::int64_t models_ = 0;
  std::atomic<bool> in_step_{false};
  std::uint64_t control_bytes_ = 0;  // received here besides what computing moves
};

}  // namespace inferbench
