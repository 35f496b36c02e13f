#pragma once

#include <memory>
#include <vector>

#include "harness/execute/ranks/thread_ranks.hpp"
#include "harness/measured/cpu_setup.hpp"

namespace inferbench {

// What each rank of a replica must build for a setup, in this order: the target, then a drafting
// model.
std::vector<ModelPlan> model_plans(const CpuSetup& setup);

// Touches weights, buffers and threads of a model before it is timed; what it writes into the KV
// pool is overwritten.
void warm_up(StepModel& model, std::int64_t attention_ranks = 1);

// One copy of a model on ranks of its own, with the scheduler that plans for it and the executor
// that computes its plans.
class CpuReplica {
 public:
  // Reads or generates the weights and packs them, and computes a few tokens to warm up. `ranks`:
  // as many as a replica has, which outlive this; null: threads of this process.
  CpuReplica(const CpuSetup& setup, const SchedulerOptions& limits, Tokens hash_tokens,
             bool count_between, RankGroup* ranks);

  Scheduler& scheduler() { return *scheduler_; }
  CpuExecutor& executor() { return *executor_; }
  const CpuExecutor& executor() const { return *executor_; }
  RankGroup& ranks() { return ranks_; }
  std::size_t weight_bytes() const { return target_->weight_bytes(); }
  std::int64_t all_reduces() const;  // of its first rank, drafts included

 private:
  std::unique_ptr<RankGroup> own_ranks_;  // null: those of the caller
  RankGroup& ranks_;
  std::unique_ptr<RankedModel> target_, draft_;
  std::unique_ptr<Drafter> drafter_;
  std::unique_ptr<Scheduler> scheduler_;
  std::unique_ptr<CpuExecutor> executor_;
};

}  // namespace inferbench
