#pragma once

#include <memory>
#include <string>

#include "harness/base/units.hpp"
#include "harness/execute/ranks/rank_group.hpp"

namespace inferbench {

// The GPU of CudaSession as the one rank that computes models; this host's threads sample.
class CudaGpu final : public RankGroup {
 public:
  // Throws Error where there is none.
  CudaGpu();

  std::string name() const;
  Bytes free_memory() const;
  void use_threads(unsigned threads) { team_ = std::make_unique<ThreadTeam>(threads); }

  int size() const override { return 1; }
  ThreadTeam& team() override { return *team_; }
  std::string transport() const override { return "one GPU"; }
  std::unique_ptr<RankedModel> build(const ModelPlan& plan) override;
  std::uint64_t wire_bytes() override { return 0; }

 private:
  std::unique_ptr<ThreadTeam> team_ = std::make_unique<ThreadTeam>();
};

}  // namespace inferbench
