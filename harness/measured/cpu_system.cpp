#include "harness/measured/cpu_system.hpp"

#include <algorithm>

#include "harness/replay/longest_sequence.hpp"
#include "harness/schedule/registry.hpp"

namespace inferbench {
namespace {

// Touches weights, buffers and threads; what it writes into the KV pool is overwritten.
void warm_up(StepModel& model) {
  const BlockRun block{0, 1};
  StepBatch batch(model.kv_blocks());
  std::vector<float> logits(static_cast<std::size_t>(model.vocab()));
  for (const std::int64_t context : {0, 15}) {
    batch.clear();
    batch.begin_sequence(context, {&block, 1});
    for (std::int64_t i = context; i < (context == 0 ? 15 : 16); ++i) batch.add(0);
    batch.want_logits();
    model.forward(batch.batch(), logits);
  }
}

SchedulerOptions with_hashes(SchedulerOptions limits, Tokens hash_tokens) {
  if (limits.kv.prefix_cache) limits.kv.hash_tokens = hash_tokens;
  return limits;
}

std::unique_ptr<RankedModel> build(RankGroup& ranks, const ModelPlan& plan) {
  auto model = ranks.build(plan);
  warm_up(*model);
  return model;
}

std::unique_ptr<RankGroup> threads_for(const CpuSetup& setup) {
  return std::make_unique<ThreadRanks>(setup.ranks(), setup.threads_of_each());
}

}  // namespace

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
                     .parallel = setup.parallel});
  };
  add(setup.shape, setup.checkpoint ? &setup.checkpoint->weights : nullptr);
  if (setup.draft) add(*setup.draft, nullptr);
  return plans;
}

CpuSystem::CpuSystem(const CpuSetup& setup, Tokens hash_tokens, RankGroup* ranks)
    : setup_(setup),
      limits_(with_hashes(setup.limits, hash_tokens)),
      own_ranks_(ranks == nullptr ? threads_for(setup) : nullptr),
      ranks_(ranks == nullptr ? *own_ranks_ : *ranks),
      target_(build(ranks_, model_plans(setup).front())),
      scheduler_(make_scheduler(setup.serving.scheduler, limits_)) {
  const SamplingOf sampling = sampling_of(setup.sampling);
  if (setup.draft) {
    draft_ = build(ranks_, model_plans(setup).back());
    drafter_ = std::make_unique<ModelDrafter>(*draft_, ranks_.team(), sampling);
  } else if (limits_.draft_tokens > Tokens(0)) {
    drafter_ = std::make_unique<NgramDrafter>();
  }
  const bool simulated = setup.clock == ReplayClockKind::simulated;
  CpuExecutor::Options options;
  options.sampling = sampling;
  options.count_between = simulated;
  executor_ = std::make_unique<CpuExecutor>(*target_, *scheduler_, ranks_.team(),
                                            PromptTexts(setup.seed, setup.shape.vocab, hash_tokens),
                                            options, drafter_.get());
  if (simulated) {
    clock_ = std::make_unique<SimulatedClock>();
  } else {
    clock_ = std::make_unique<WallClock>();
  }
  engine_ = std::make_unique<Engine>(
      *scheduler_, *executor_, *clock_,
      EngineOptions{.stages = 1, .cut = setup.serving.cut, .observer = setup.serving.observer});
  before_ = rank_activity();
}

CpuSystem::~CpuSystem() = default;

void CpuSystem::serve(RequestSource& source, RecordSink& sink) {
  LongestSequenceSource fitting(source, longest_sequence());
  if (auto* wall = dynamic_cast<WallClock*>(clock_.get())) wall->start();
  engine_->serve(fitting, sink);
}

// The last token of an answer needs no room in the pool.
Tokens CpuSystem::longest_sequence() const {
  return std::min(limits_.context, limits_.block_tokens * limits_.kv_blocks + Tokens(1));
}

ReplicaStats CpuSystem::stats() const {
  return engine_->stats();
}

const CpuExecutor& CpuSystem::executor() const {
  return *executor_;
}

std::size_t CpuSystem::weight_bytes() const {
  return target_->weight_bytes();
}

RankActivity CpuSystem::rank_activity() {
  RankActivity now{.all_reduces = target_->all_reduces(),
                   .wire_bytes = ranks_.wire_bytes(),
                   .transport = ranks_.transport()};
  if (draft_) now.all_reduces += draft_->all_reduces();
  now.all_reduces -= before_.all_reduces;
  now.wire_bytes -= before_.wire_bytes;
  return now;
}

}  // namespace inferbench
