#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "harness/cost/ops_step.hpp"
#include "harness/cost/step_cost_model.hpp"

namespace inferbench {

// The two ways to time a step, behind StepCostModel. A step is known by what each attention rank
// does in it, summed over its requests.
class StepFormulation {
 public:
  // `window` 0: the model has no layers with a sliding window.
  StepFormulation(std::int64_t ranks, std::int64_t window,
                  const std::optional<LoraAdapters>& lora = {});
  virtual ~StepFormulation() = default;

  StepTiming step(const BatchPlan& plan) const;
  // As StepCostModel says.
  void foretell(const BatchPlan& plan, std::int64_t most, Duration until,
                std::vector<StepTiming>& timings) const;
  virtual StepExplanation explain(const BatchPlan& plan) const = 0;

 protected:
  virtual StepTiming time(std::span<const RankLoad> ranks) const = 0;
  // The sums of a plan: of one rank, as nearly always, in place and else in `many`.
  using FewRanks = std::array<RankLoad, 1>;
  std::span<RankLoad> sums(const BatchPlan& plan, FewRanks& few, std::vector<RankLoad>& many) const;
  const std::optional<AdapterChoice>& adapters() const { return adapters_; }

 private:
  std::size_t ranks_;
  double window_;
  std::optional<AdapterChoice> adapters_;
};

std::unique_ptr<const StepFormulation> ops_step(const Deployment& deployment,
                                                const OpsParameters& parameters);
std::unique_ptr<const StepFormulation> claims_step(const Deployment& deployment,
                                                   const ClaimsParameters& parameters);

// Adds up the plan's items per attention rank; ranks.size() is the deployment's EP degree. A window
// of 0 leaves the windowed loads empty.
void add_items(const BatchPlan& plan, double window, std::span<RankLoad> ranks);

// Sets RankLoad::adapters: how many distinct adapters the rank's requests use.
void count_adapters(const BatchPlan& plan, const AdapterChoice& choice, std::span<RankLoad> ranks);

}  // namespace inferbench
