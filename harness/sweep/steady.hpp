#pragma once

#include <memory>
#include <optional>
#include <string>

#include "harness/catalog/hardware_spec.hpp"
#include "harness/catalog/model_spec.hpp"
#include "harness/cost/cost_profile.hpp"
#include "harness/cost/traffic.hpp"
#include "harness/plan/deployment.hpp"
#include "harness/plan/precision.hpp"
#include "harness/sweep/block_timer.hpp"
#include "harness/sweep/sweep_method.hpp"

namespace inferbench {

// A model on a GPU, before anybody decides how to spread it.
struct SweepSystem {
  ModelSpec model;
  HardwareSpec gpu;
  Precision precision;
  CostProfile profile;
  MemoryBudget budget;  // of the ops formulation; the claims formulation has its own rule
};

// Steady in-flight batching in closed form: one point per configuration and chunk size.
//
// Prompts and answers are served at the same rate, so a chunk of c prompt tokens runs with
// b = c * OSL / ISL decodes per attention rank; PP micro-batches are in flight, so there is no
// bubble:
//   TPOT = PP * T_stage                     tokens/s/GPU = b * EP * DP / (T_stage * GPUs)
//   TTFT = (ceil(ISL / c) + PP - 1) * T_stage   service time only; queueing comes on top
// Memory must hold PP * b requests of ISL + OSL/2 tokens and half a prompt.
//
// Source of the identity: docs/cost-model.md, "Steady state".
class SteadyMethod final : public SweepMethod {
 public:
  // `decodes` overrides the rate-matched decodes per attention rank.
  // `timer` says what blocks take instead of the cost model, for whole numbers of decodes; the
  // profile, one of ops, then says what is between blocks.
  SteadyMethod(SweepSystem system, Traffic traffic, std::optional<double> decodes = {},
               std::shared_ptr<const BlockTimer> timer = nullptr);

  std::string name() const override { return "steady"; }
  SweepPoint evaluate(const SweepTask& task) const override;

  const SweepSystem& system() const { return system_; }
  const Traffic& traffic() const { return traffic_; }

 private:
  SweepPoint claims_point(const SweepTask& task) const;
  SweepPoint ops_point(const SweepTask& task) const;
  double decodes(double chunk) const;

  SweepSystem system_;
  Traffic traffic_;
  std::optional<double> decodes_;
  std::shared_ptr<const BlockTimer> timer_;
};

}  // namespace inferbench
