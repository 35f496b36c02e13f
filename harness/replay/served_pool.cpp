#include "harness/replay/served_pool.hpp"

#include <algorithm>
#include <optional>
#include <utility>

#include "harness/base/error.hpp"
#include "harness/execute/host_link.hpp"
#include "harness/execute/modelled_executor.hpp"
#include "harness/execute/speculative_executor.hpp"
#include "harness/schedule/registry.hpp"

namespace inferbench {
namespace {

// Tokens of one attention rank whose keys and values the memory of each of its GPUs' hosts holds.
Tokens tokens_in(Bytes memory, const Deployment& deployment) {
  if (memory.count() <= 0) return Tokens(0);
  return Tokens(static_cast<std::int64_t>(memory / kv_bytes_per_token(deployment)));
}

SchedulerOptions limits_of(const Deployment& deployment, Tokens kv_capacity,
                           const ServingOptions& options) {
  if (options.block_tokens < Tokens(1)) {
    throw Error("--block-tokens", std::to_string(options.block_tokens.count()) + " is not usable",
                "must be at least 1", "16 is a common block");
  }
  const std::int64_t blocks = kv_capacity.count() / options.block_tokens.count();
  if (blocks < 1) {
    throw Error("KV cache",
                std::to_string(kv_capacity.count()) +
                    " tokens per attention rank are left beside the weights of " +
                    deployment.model.name,
                "one block of " + std::to_string(options.block_tokens.count()) + " is the least",
                "use more GPUs per replica, a narrower --precision or smaller --block-tokens");
  }
  SchedulerOptions limits;
  limits.step_tokens = options.step_tokens;
  limits.max_batch = options.max_batch;
  limits.block_tokens = options.block_tokens;
  limits.kv_blocks = blocks;
  limits.watermark = options.watermark;
  limits.aging = options.aging;
  limits.kv = options.kv.options;
  limits.kv.host = tokens_in(options.kv.host, deployment);
  limits.kv.cpu_tier = tokens_in(options.kv.cpu_tier, deployment);
  if (options.speculation) limits.draft_tokens = options.speculation->draft_tokens;
  limits.context = Tokens(deployment.model.context);
  limits.steps_in_flight = deployment.parallel.pp;
  limits.attention_ranks = deployment.attention_ranks();
  return limits;
}

std::optional<DraftCost> draft_cost(const Deployment& deployment, const CostProfile& profile,
                                    const ServingOptions& options) {
  const std::optional<Speculation>& speculation = options.speculation;
  if (!speculation || speculation->method == Speculation::Method::ngram ||
      speculation->draft_tokens == Tokens(0)) {
    return std::nullopt;
  }
  return DraftCost(deployment, profile, *speculation);
}

std::unique_ptr<Executor> make_executor(const Deployment& deployment, const CostProfile& profile,
                                        const ServingOptions& options,
                                        std::optional<DraftCost> draft) {
  auto target = std::make_unique<ModelledExecutor>(StepCostModel(deployment, profile));
  if (!options.speculation) return target;
  return std::make_unique<SpeculativeExecutor>(std::move(target), *options.speculation,
                                               options.seed, std::move(draft));
}

}  // namespace

ServedPool::ServedPool(const Deployment& deployment, const CostProfile& profile,
                       const ServingOptions& options, const std::string& router,
                       std::size_t replicas)
    : ServedPool(deployment, profile, options, router, replicas,
                 draft_cost(deployment, profile, options)) {}

ServedPool::ServedPool(const Deployment& deployment, const CostProfile& profile,
                       const ServingOptions& options, const std::string& router,
                       std::size_t replicas, std::optional<DraftCost> draft)
    : limits_(
          limits_of(deployment, draft ? draft->kv_capacity() : deployment.kv_capacity, options)),
      executor_(make_executor(deployment, profile, options, std::move(draft))),
      router_(make_router(router, {.seed = options.seed})) {
  for (std::size_t replica = 0; replica < replicas; ++replica) {
    schedulers_.push_back(make_scheduler(options.scheduler, limits_));
    members_.push_back({.scheduler = schedulers_.back().get(), .executor = executor_.get()});
  }
}

// The last token of an answer needs no room in the pool.
Tokens ServedPool::longest_sequence() const {
  const Tokens pool = limits_.block_tokens * limits_.kv_blocks + Tokens(1);
  return limits_.context > Tokens(0) ? std::min(pool, limits_.context) : pool;
}

}  // namespace inferbench
