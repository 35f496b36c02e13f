#include "harness/slices/expert_loads.hpp"

#include <algorithm>
#include <bit>

namespace inferbench {

ExpertLoads::ExpertLoads(const ModelSpec& model, std::int64_t ep, const OpsParameters& parameters)
    : top_k_(static_cast<double>(model.moe->top_k)),
      expected_(model.moe->experts, model.moe->top_k, ep, parameters.expert_skew),
      stream_(parameters.routing ? parameters.routing->seed : 0, "expert routing of slices") {
  if (!parameters.routing) return;
  draws_.emplace(model.moe->experts, model.moe->top_k, ep, *parameters.routing);
}

RankExperts ExpertLoads::of(std::int64_t layer, const Step& step) const {
  if (!draws_) {
    const double rows = step.tokens * top_k_ * expected_.share();
    return {rows, std::min(expected_.distinct_experts(step.tokens), rows)};
  }
  const std::uint64_t bits = stream_.at(std::bit_cast<std::uint64_t>(step.tokens))
                                 .at(std::bit_cast<std::uint64_t>(step.pairs))
                                 .at(static_cast<std::uint64_t>(layer))
                                 .bits();
  return draws_
      ->hot(static_cast<std::size_t>(layer) % ExpertDraws::kClasses, bits % ExpertDraws::kDraws,
            step.tokens, step.squares)
      .by_rows;
}

}  // namespace inferbench
