#include "harness/execute/speculative_executor.hpp"

#include <utility>

namespace inferbench {

SpeculativeExecutor::SpeculativeExecutor(std::unique_ptr<Executor> target,
                                         const Speculation& speculation, std::uint64_t seed,
                                         std::optional<DraftCost> draft)
    : target_(std::move(target)),
      acceptance_(speculation.acceptance),
      random_(seed, "speculation.acceptance"),
      draft_(std::move(draft)) {}

StepResult SpeculativeExecutor::run(const BatchPlan& plan) {
  StepResult result = target_->run(plan);
  result.accepted.clear();
  result.accepted.reserve(plan.items.size());
  for (const BatchItem& item : plan.items) result.accepted.push_back(accepted(item));
  if (draft_) draft_->add_to(plan, result.timing);
  return result;
}

std::int32_t SpeculativeExecutor::accepted(const BatchItem& item) const {
  if (!item.decode || item.new_tokens == Tokens(1)) return 0;
  const RandomStream request = random_.at(item.request.value);
  // The item's first token is known; the drafted ones follow it.
  const auto first = static_cast<std::uint64_t>(item.context.count()) + 1;
  const auto drafted = static_cast<std::uint64_t>(item.new_tokens.count()) - 1;
  for (std::uint64_t i = 0; i < drafted; ++i) {
    RandomStream token = request.at(first + i);
    if (token.uniform() >= acceptance_[i]) return static_cast<std::int32_t>(i);
  }
  return static_cast<std::int32_t>(drafted);
}

}  // namespace inferbench
