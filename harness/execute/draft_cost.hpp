#pragma once

#include "harness/cost/cost_profile.hpp"
#include "harness/cost/step_cost_model.hpp"
#include "harness/execute/speculation.hpp"
#include "harness/plan/deployment.hpp"

namespace inferbench {

// The model that `draft=` names. Throws Error with the nearest names.
ModelSpec find_draft_model(const Speculation& speculation);

// What drafting with a model takes, in time and in memory, on the GPUs of the model that verifies.
//
// A draft model runs with the target's TP degree (at most its own heads) in every attention rank by
// itself; a multi-token prediction module is one more layer of the target and runs with all its
// degrees but PP. Drafting comes before the step that verifies and takes one pass per drafted
// token, one after the other; the first pass also computes the step's prompt chunks, because the
// draft needs their keys and values too. Framework time is the step's, not a pass's. In a pipeline
// drafting occupies one stage, which makes it the slowest.
class DraftCost {
 public:
  // Throws Error when a draft model is not known, cannot run on the GPU or does not fit beside the
  // target. Not for n-grams.
  DraftCost(const Deployment& target, const CostProfile& profile, const Speculation& speculation);

  void add_to(const BatchPlan& plan, StepTiming& timing) const;

  // KV tokens per attention rank that the pool has left beside the draft: its weights, and its own
  // keys and values for every token.
  Tokens kv_capacity() const { return kv_capacity_; }

 private:
  StepTiming pass(const BatchPlan& plan) const;

  Deployment draft_;
  StepCostModel model_;
  Tokens kv_capacity_{};
};

}  // namespace inferbench
