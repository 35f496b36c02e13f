#pragma once

#include <memory>
#include <vector>

#include "harness/execute/ranks/rank_group.hpp"
#include "harness/execute/ranks/rank_part.hpp"
#include "kernels/collectives/thread_world.hpp"

namespace inferbench {

// Ranks as threads of this process, each with a team of its own for its kernels. Rank 0 is the
// caller's thread.
class ThreadRanks final : public RankGroup {
 public:
  ThreadRanks(int ranks, unsigned threads_of_each);

  int size() const override { return world_.size(); }
  ThreadTeam& team() override { return team(0); }
  std::string transport() const override { return "threads"; }
  std::unique_ptr<RankedModel> build(const ModelPlan& plan) override;
  ThreadTeam& team(int rank) { return *teams_[static_cast<std::size_t>(rank)]; }

  // As every rank at once. What the lowest rank throws is thrown here; those that wait for it stop
  // (ThreadWorld::run). A model that some of its ranks computed then has lost their step.
  void run(const std::function<void(Communicator&, ThreadTeam&)>& body);

  std::uint64_t wire_bytes() override;

 private:
  ThreadWorld world_;
  std::vector<std::unique_ptr<ThreadTeam>> teams_;
};

// A model whose ranks are threads.
class ThreadRankedModel final : public RankedModel {
 public:
  // Keeps a reference to the ranks, which several models may share, in turns. Throws Error as
  // DecoderWeights does.
  ThreadRankedModel(const ModelPlan& plan, ThreadRanks& ranks);

  void forward(const TokenBatch& batch, std::span<float> logits) override;
  std::int64_t vocab() const override { return plan_.shape.vocab; }
  std::int64_t kv_blocks() const override { return plan_.kv_blocks; }
  std::int64_t block_tokens() const override { return plan_.block_tokens(); }
  KernelTimes times() const override { return parts_.front()->times(); }
  void trace(KernelSpans* spans) override;
  std::size_t weight_bytes() const override;
  std::int64_t all_reduces() const override { return parts_.front()->decoder().all_reduces(); }

  // Block `to` of the KV store becomes what `from` holds, on every rank.
  void copy_block(std::int64_t from, std::int64_t to);

  const RankPart& part(int rank) const { return *parts_[static_cast<std::size_t>(rank)]; }

 private:
  ModelPlan plan_;
  ThreadRanks& ranks_;
  std::vector<std::unique_ptr<RankPart>> parts_;
  KernelSpans* spans_ = nullptr;
  std::vector<KernelSpans> spans_of_;  // by rank, of the step
};

}  // namespace inferbench
