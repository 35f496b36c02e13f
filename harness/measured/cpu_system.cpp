#include "harness/measured/cpu_system.hpp"

#include <algorithm>

#include "harness/replay/longest_sequence.hpp"
#include "harness/schedule/registry.hpp"

namespace inferbench {
namespace {

// Touches weights, buffers and threads; what it writes into the KV pool is overwritten.
void warm_up(Decoder& decoder) {
  const BlockRun block{0, 1};
  StepBatch batch(decoder.kv().blocks());
  std::vector<float> logits(static_cast<std::size_t>(decoder.shape().vocab));
  for (const std::int64_t context : {0, 15}) {
    batch.clear();
    batch.begin_sequence(context, {&block, 1});
    for (std::int64_t i = context; i < (context == 0 ? 15 : 16); ++i) batch.add(0);
    batch.want_logits();
    decoder.forward(batch.batch(), logits);
  }
}

SchedulerOptions with_hashes(SchedulerOptions limits, Tokens hash_tokens) {
  if (limits.kv.prefix_cache) limits.kv.hash_tokens = hash_tokens;
  return limits;
}

}  // namespace

struct CpuSystem::Model {
  Model(const WeightSource& source, const CpuSetup& setup, ThreadTeam& team)
      : weights(source, *setup.weights, team),
        decoder(weights, setup.kv, setup.limits.kv_blocks, team, setup.kernels) {
    warm_up(decoder);
  }

  DecoderWeights weights;
  Decoder decoder;
};

CpuSystem::CpuSystem(const CpuSetup& setup, Tokens hash_tokens)
    : setup_(setup),
      limits_(with_hashes(setup.limits, hash_tokens)),
      team_(setup.threads),
      target_(setup.checkpoint
                  ? std::make_unique<Model>(setup.checkpoint->weights, setup, team_)
                  : std::make_unique<Model>(RandomWeights(setup.shape, setup.seed), setup, team_)),
      scheduler_(make_scheduler(setup.serving.scheduler, limits_)) {
  const SamplingOf sampling = sampling_of(setup.sampling);
  if (setup.draft) {
    draft_ = std::make_unique<Model>(RandomWeights(*setup.draft, setup.seed), setup, team_);
    drafter_ = std::make_unique<ModelDrafter>(draft_->decoder, team_, sampling);
  } else if (limits_.draft_tokens > Tokens(0)) {
    drafter_ = std::make_unique<NgramDrafter>();
  }
  const bool simulated = setup.clock == ReplayClockKind::simulated;
  CpuExecutor::Options options;
  options.sampling = sampling;
  options.count_between = simulated;
  executor_ = std::make_unique<CpuExecutor>(target_->decoder, *scheduler_, team_,
                                            PromptTexts(setup.seed, setup.shape.vocab, hash_tokens),
                                            options, drafter_.get());
  if (simulated) {
    clock_ = std::make_unique<SimulatedClock>();
  } else {
    clock_ = std::make_unique<WallClock>();
  }
  engine_ = std::make_unique<Engine>(*scheduler_, *executor_, *clock_,
                                     EngineOptions{.stages = 1, .cut = setup.serving.cut});
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
  return target_->weights.linear_bytes();
}

}  // namespace inferbench
