#pragma once

#include <vector>

#include "harness/execute/cpu/cpu_executor.hpp"
#include "harness/slices/even_visits.hpp"
#include "harness/slices/expert_loads.hpp"
#include "harness/slices/slice_blocks.hpp"
#include "harness/slices/slice_composition.hpp"

namespace inferbench {

// Whose tokens a slice's experts compute.
struct SliceExperts {
  EvenVisits visits;
  ExpertLoads loads;
};

// Computes a rank's part of each step with an executor whose model is that part, and says what the
// deployment's step would take: the kernels as measured, scaled to the layers of every stage; the
// collectives as modelled; and what this host took in a step besides kernels.
//
// Of expert-parallel ranks, which run in lock-step, the requests of the one with the most tokens
// are computed, and those of the others go on with tokens of no meaning.
class SliceExecutor final : public Executor {
 public:
  // Keeps references; `blocks` and `shares` are added to, and may be those of several executors.
  // `experts`: null where the slice's routers choose among all experts. Sizes are the deployment's:
  // `window` of windowed layers, 0 where there are none, `attention_ranks` of expert parallelism.
  struct Sizes {
    double window = 0;
    std::int64_t attention_ranks = 1;
  };
  SliceExecutor(CpuExecutor& rank, SliceBlocks& blocks, const SliceComposition& composition,
                SliceExperts* experts, const Sizes& sizes, TimeShares& shares);

  StepResult run(const BatchPlan& plan) override;
  void open(const Request& request) override { rank_.open(request); }
  void close(RequestId request) override { rank_.close(request); }

 private:
  StepResult compute(const BatchPlan& plan, std::size_t rank);

  CpuExecutor& rank_;
  SliceBlocks& blocks_;
  const SliceComposition& composition_;
  SliceExperts* experts_;
  Sizes sizes_;
  std::vector<RankLoad> loads_;  // of the step, by attention rank
  BatchPlan own_;                // of the one that is computed
  TimeShares& shares_;
};

}  // namespace inferbench
