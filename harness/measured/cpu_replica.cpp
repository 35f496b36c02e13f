#include "harness/measured/cpu_replica.hpp"

#include <algorithm>

#include "harness/schedule/registry.hpp"

namespace inferbench {
namespace {

std::unique_ptr<RankedModel> build(RankGroup& ranks, const ModelPlan& plan) {
  auto model = ranks.build(plan);
  warm_up(*model, plan.parallel.ep);
  return model;
}

std::unique_ptr<RankGroup> threads_for(const CpuSetup& setup) {
  return std::make_unique<ThreadRanks>(setup.ranks_of_replica(), setup.threads_of_each());
}

// A step has no more tokens than the pool has room for.
std::int64_t most_step_tokens(const SchedulerOptions& limits) {
  return std::min(limits.step_tokens.count(), limits.kv_blocks * limits.block_tokens.count());
}

}  // namespace

void warm_up(StepModel& model, std::int64_t attention_ranks) {
  const BlockRun block{0, 1};
  StepBatch batch(model.kv_blocks(), model.block_tokens());
  std::vector<float> logits(static_cast<std::size_t>(model.vocab()));
  logits.resize(logits.size() * static_cast<std::size_t>(attention_ranks));
  for (const std::int64_t context : {0, 15}) {
    batch.clear();
    for (std::int64_t rank = 0; rank < attention_ranks; ++rank) {
      batch.begin_sequence(context, {&block, 1}, static_cast<std::uint16_t>(rank));
      for (std::int64_t i = context; i < (context == 0 ? 15 : 16); ++i) batch.add(0);
      batch.want_logits();
    }
    model.forward(batch.batch(), logits);
  }
}

std::vector<ModelPlan> model_plans(const CpuSetup& setup) {
  std::vector<ModelPlan> plans;
  const auto add = [&](const DecoderShape& shape, const WeightSource* trained) {
    plans.push_back({.shape = shape,
                     .format = setup.weights,
                     .kv = setup.kv,
                     .kv_blocks = setup.limits.kv_blocks,
                     .kernels = setup.kernels,
                     .seed = setup.seed,
                     .trained = trained,
                     .step_tokens = most_step_tokens(setup.limits),
                     .parallel = setup.parallel});
  };
  add(setup.shape, setup.checkpoint ? &setup.checkpoint->weights : nullptr);
  if (setup.draft) add(*setup.draft, nullptr);
  return plans;
}

CpuReplica::CpuReplica(const CpuSetup& setup, const SchedulerOptions& limits, Tokens hash_tokens,
                       bool count_between, RankGroup* ranks)
    : own_ranks_(ranks == nullptr ? threads_for(setup) : nullptr),
      ranks_(ranks == nullptr ? *own_ranks_ : *ranks),
      target_(build(ranks_, model_plans(setup).front())),
      scheduler_(make_scheduler(setup.serving.scheduler, limits)) {
  CpuExecutor::Options options;
  options.sampling = sampling_of(setup.sampling);
  options.count_between = count_between;
  if (setup.draft) {
    draft_ = build(ranks_, model_plans(setup).back());
    drafter_ = std::make_unique<ModelDrafter>(*draft_, ranks_.team(), options.sampling);
  } else if (limits.draft_tokens > Tokens(0)) {
    drafter_ = std::make_unique<NgramDrafter>();
  }
  executor_ = std::make_unique<CpuExecutor>(*target_, *scheduler_, ranks_.team(),
                                            PromptTexts(setup.seed, setup.shape.vocab, hash_tokens),
                                            options, drafter_.get());
}

std::int64_t CpuReplica::all_reduces() const {
  return target_->all_reduces() + (draft_ ? draft_->all_reduces() : 0);
}

}  // namespace inferbench
