#pragma once

#include <cstdint>
#include <optional>

#include "harness/catalog/model_spec.hpp"
#include "harness/cost/cost_profile.hpp"
#include "harness/cost/expert_routing.hpp"
#include "harness/cost/expert_skew.hpp"

namespace inferbench {

// What the busiest expert-parallel rank computes in each layer of a step, by the rules of modelled
// replays: expected values of the profile's expert_skew, or drawn where its routing says so. Ranks
// wait for the busiest, so a slice computes its rows, whichever experts it holds.
class ExpertLoads {
 public:
  // Of a model with experts.
  ExpertLoads(const ModelSpec& model, std::int64_t ep, const OpsParameters& parameters);

  // Of all ranks together. `pairs`: query-key pairs, which tell steps of equal size apart.
  struct Step {
    double tokens = 0, squares = 0, pairs = 0;
  };
  RankExperts of(std::int64_t layer, const Step& step) const;

 private:
  double top_k_;
  HottestRank expected_;
  std::optional<ExpertDraws> draws_;
  RandomStream stream_;
};

}  // namespace inferbench
