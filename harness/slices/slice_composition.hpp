#pragma once

#include <optional>

#include "harness/cost/ops_step.hpp"
#include "harness/plan/deployment.hpp"

namespace inferbench {

// What of a time was measured, and what the cost model added: collectives that no compute hides.
struct TimeShares {
  Seconds measured{}, modelled{};

  double modelled_share() const {
    const double all = (measured + modelled).count();
    return all > 0 ? modelled.count() / all : 0;
  }
  TimeShares& operator+=(const TimeShares& o) {
    measured += o.measured, modelled += o.modelled;
    return *this;
  }
};

// The parameters of a composition: nothing but links is modelled, so launches take no time.
OpsParameters links_alone(OpsParameters parameters);

// Measured blocks with the collectives of modelled ones.
BlockTimes with_collectives(BlockTimes measured, const BlockTimes& modelled);

// Of the slowest stage.
TimeShares shares_of(const StepSeconds& step);

// Composes steps of a deployment from what one of its ranks was measured to take: the layers of
// every stage by StepAssembly, as in modelled replays and in sweeps; collectives by the cost model,
// from the deployment's GPU and its links.
class SliceComposition {
 public:
  // Of the deployment model, parallel configuration, GPU and precision count. A GPU without a name
  // has no links: then nothing may lie between ranks of a replica, or it is an error of the caller.
  SliceComposition(const Deployment& deployment, const OpsParameters& parameters);

  // `load`: of the slice's attention rank; `all_tokens`: of all EP ranks together.
  StepSeconds compose(const BlockTimes& measured, const RankLoad& load, double all_tokens) const;

  const std::vector<StageKind>& stages() const { return assembly_.kinds(); }

 private:
  std::optional<OpsFormulation> links_;
  StepAssembly assembly_;
};

}  // namespace inferbench
