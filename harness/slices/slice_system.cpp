#include "harness/slices/slice_system.hpp"

#include <algorithm>
#include <utility>

#include "harness/base/error.hpp"
#include "harness/measured/cpu_replica.hpp"
#include "harness/replay/longest_sequence.hpp"
#include "harness/schedule/registry.hpp"

namespace inferbench {
namespace {

ModelPlan plan_of(const CpuSetup& setup) {
  ensure(setup.slice.has_value(), "a slice is set up");
  return {.shape = decoder_shape(setup.model),
          .format = setup.weights,
          .kv = setup.kv,
          .kv_blocks = setup.limits.kv_blocks,
          .kernels = setup.kernels,
          .seed = setup.seed,
          .trained = setup.checkpoint ? &setup.checkpoint->weights : nullptr,
          .parallel = setup.parallel};
}

SchedulerOptions limits_with_hashes(const CpuSetup& setup, Tokens hash_tokens) {
  SchedulerOptions limits = setup.limits;
  if (limits.kv.prefix_cache) limits.kv.hash_tokens = hash_tokens;
  return limits;
}

// Routers choose where all experts are here and nobody says otherwise.
std::unique_ptr<SliceExperts> experts_for(const CpuSetup& setup, const OpsParameters& parameters) {
  if (!setup.model.moe) return nullptr;
  const bool routed =
      setup.parallel.ep == 1 && !parameters.routing && parameters.expert_skew.balanced();
  if (routed) return nullptr;
  const DecoderShape rank = shard_shape(setup.shape, setup.slice->shard());
  return std::make_unique<SliceExperts>(SliceExperts{
      EvenVisits(*rank.experts), ExpertLoads(setup.model, setup.parallel.ep, parameters)});
}

// While the model is warmed up.
void expect_few(SliceExperts* experts) {
  if (experts == nullptr) return;
  experts->visits.expect([](std::int32_t) { return RankExperts{.rows = 1, .distinct = 1}; }, 1);
}

}  // namespace

SliceSystem::SliceSystem(const CpuSetup& setup, const Deployment& links,
                         const OpsParameters& parameters, Tokens hash_tokens)
    : limits_(limits_with_hashes(setup, hash_tokens)),
      team_(setup.threads),
      experts_(experts_for(setup, parameters)),
      model_(plan_of(setup), *setup.slice, team_, experts_ ? &experts_->visits : nullptr),
      blocks_(model_.shape(), setup.model.layers),
      composition_(links, parameters),
      router_(make_router(setup.serving.router, {.seed = setup.serving.seed})) {
  expect_few(experts_.get());
  warm_up(model_);
  const PromptTexts texts(setup.seed, setup.shape.vocab, hash_tokens);
  CpuExecutor::Options options;
  options.sampling = sampling_of(setup.sampling);
  const SliceExecutor::Sizes sizes{.window = static_cast<double>(setup.model.sliding_window),
                                   .attention_ranks = setup.parallel.ep};
  std::vector<FleetMember> members;
  for (std::int64_t replica = 0; replica < setup.parallel.dp; ++replica) {
    schedulers_.push_back(make_scheduler(setup.serving.scheduler, limits_));
    ranks_.push_back(
        std::make_unique<CpuExecutor>(model_, *schedulers_.back(), team_, texts, options));
    executors_.push_back(std::make_unique<SliceExecutor>(*ranks_.back(), blocks_, composition_,
                                                         experts_.get(), sizes, shares_));
    members.push_back({.scheduler = schedulers_.back().get(), .executor = executors_.back().get()});
  }
  FleetOptions fleet;
  fleet.stages = static_cast<int>(setup.parallel.pp);
  fleet.cut = setup.serving.cut;
  fleet.observer = setup.serving.observer;
  fleet_ = std::make_unique<Fleet>(members, *router_, clock_, std::move(fleet));
}

SliceSystem::~SliceSystem() = default;

// The last token of an answer needs no room in the pool.
void SliceSystem::serve(RequestSource& source, RecordSink& sink) {
  const Tokens pool = limits_.block_tokens * limits_.kv_blocks + Tokens(1);
  LongestSequenceSource fitting(source, std::min(limits_.context, pool));
  fleet_->serve(fitting, sink);
}

}  // namespace inferbench
