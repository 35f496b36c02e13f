#include "harness/slices/slice_executor.hpp"

#include <tuple>

#include "harness/cost/step_formulation.hpp"

namespace inferbench {
namespace {

std::size_t busiest(std::span<const RankLoad> loads) {
  const auto work = [](const RankLoad& load) {
    return std::tuple(load.tokens, load.prefill.pairs + load.decode.pairs);
  };
  std::size_t most = 0;
  for (std::size_t r = 1; r < loads.size(); ++r) {
    if (work(loads[r]) > work(loads[most])) most = r;
  }
  return most;
}

ExpertLoads::Step sum_of(std::span<const RankLoad> loads) {
  ExpertLoads::Step step;
  for (const RankLoad& load : loads) {
    step.tokens += load.tokens;
    step.squares += load.squares;
    step.pairs += load.prefill.pairs + load.decode.pairs;
  }
  return step;
}

}  // namespace

SliceExecutor::SliceExecutor(CpuExecutor& rank, SliceBlocks& blocks,
                             const SliceComposition& composition, SliceExperts* experts,
                             const Sizes& sizes, TimeShares& shares)
    : rank_(rank),
      blocks_(blocks),
      composition_(composition),
      experts_(experts),
      sizes_(sizes),
      loads_(static_cast<std::size_t>(sizes.attention_ranks)),
      shares_(shares) {}

StepResult SliceExecutor::compute(const BatchPlan& plan, std::size_t rank) {
  rank_.trace_kernels(true);  // replicas share a model, which notes kernels for one of them
  if (sizes_.attention_ranks == 1) return rank_.run(plan);
  own_.step = plan.step;
  own_.items.clear();
  for (const BatchItem& item : plan.items) {
    if (item.rank != rank) continue;
    own_.items.push_back(item);
    own_.items.back().rank = 0;
  }
  StepResult result = rank_.run(own_);
  result.tokens.clear();  // not of all items
  for (const BatchItem& item : plan.items) {
    if (item.rank != rank) rank_.pass_over(item);
  }
  return result;
}

StepResult SliceExecutor::run(const BatchPlan& plan) {
  loads_.assign(loads_.size(), RankLoad{});
  add_items(plan, sizes_.window, loads_);
  const ExpertLoads::Step all = sum_of(loads_);
  if (experts_ != nullptr) {
    experts_->visits.expect(
        [this, all](std::int32_t layer) { return experts_->loads.of(layer, all); }, all.tokens);
  }
  const std::size_t rank = busiest(loads_);
  StepResult result = compute(plan, rank);
  const Duration host = result.timing.parts.host;
  const StepSeconds step =
      composition_.compose(blocks_.of(rank_.kernel_trace().kernels), loads_[rank], all.tokens);
  shares_ += shares_of(step);
  shares_.measured += seconds(host);
  result.timing = step_timing(step);
  result.timing.stage += host;
  result.timing.elapsed += host;
  result.timing.parts.host += host;
  return result;
}

}  // namespace inferbench
