#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "harness/base/units.hpp"
#include "harness/cost/cost_profile.hpp"
#include "harness/cost/op_cost.hpp"
#include "harness/plan/deployment.hpp"
#include "harness/schedule/batch_plan.hpp"
#include "harness/schedule/step_result.hpp"

namespace inferbench {

// All occurrences of one operation in one pipeline stage during one step, on the GPU that is last.
struct OpExplanation {
  std::string name;  // "qkv_gemm", "decode_attention", "tp_all_reduce"
  std::string part;  // which of StepTiming::Parts it counts in
  double count = 0;  // occurrences in the stage
  Flops flops{};     // of all occurrences; useful work, tile padding not counted
  Bytes bytes{};     // to and from memory
  Bytes wire{};      // sent per rank
  RoofKind roof = RoofKind::compute;
  Seconds time{};    // of all occurrences
  double share = 0;  // of the sum of all times in the stage
};

// A stage replayed as a CUDA graph, and launched kernel by kernel.
struct GraphEffect {
  bool replayed = false;  // which of the two the step is
  Duration with_graph{}, without_graph{};
};

struct StepExplanation {
  std::vector<OpExplanation> ops;    // in the order they run
  StepTiming timing;                 // equal to step() of the same plan
  std::string stage;                 // "stage 1 of 2, 60 of 120 layers"
  std::optional<GraphEffect> graph;  // absent in the claims formulation
  std::vector<std::string> notes;    // what was assumed or left out
};

// Predicts the time of a step without hardware (docs/cost-model.md).
//
// Both formulations of CostProfile answer. Everything that depends on token counts alone is kept in
// tables filled on demand, so a step costs one pass over its items: about half a microsecond for 64
// decodes. Safe to use from several threads; copies share the tables.
//
// EP ranks run in lock-step: the rank with the longest attention and projections holds the others
// up, experts see the tokens of all ranks, and of those the hottest rank counts. Sequence lengths
// enter by their sums: a straggling long decode among short ones is not modelled.
class StepCostModel {
 public:
  // Throws Error when the GPU has no peak for one of the precision's types.
  StepCostModel(const Deployment& deployment, const CostProfile& profile);

  // Items must name ranks below the deployment's EP degree.
  StepTiming step(const BatchPlan& plan) const;
  // Appends the timings of the same batch of decodes run again after `plan`, with every context one
  // token longer each time: equal to step() of those plans, for the price of the sums. At most
  // `most`; ends with the step at which their `elapsed` add up to `until`. Appends nothing when the
  // plan holds more than plain decodes.
  void foretell(const BatchPlan& plan, std::int64_t most, Duration until,
                std::vector<StepTiming>& timings) const;
  StepExplanation explain(const BatchPlan& plan) const;

  const CostProfile& profile() const;
  const Deployment& deployment() const;

 private:
  class Impl;
  std::shared_ptr<const Impl> impl_;
};

}  // namespace inferbench
