#include "harness/cost/step_cost_model.hpp"

#include "harness/cost/step_formulation.hpp"

namespace inferbench {

class StepCostModel::Impl {
 public:
  Impl(const Deployment& deployment, const CostProfile& profile)
      : deployment_(deployment), profile_(profile) {
    refuse_in_claims(profile, deployment.precision, deployment.budget);
    if (profile.is_claims()) {
      formulation_ = claims_step(deployment, std::get<ClaimsParameters>(profile.parameters));
    } else {
      formulation_ = ops_step(deployment, std::get<OpsParameters>(profile.parameters));
    }
  }

  const StepFormulation& formulation() const { return *formulation_; }
  const Deployment& deployment() const { return deployment_; }
  const CostProfile& profile() const { return profile_; }

 private:
  Deployment deployment_;
  CostProfile profile_;
  std::unique_ptr<const StepFormulation> formulation_;
};

StepCostModel::StepCostModel(const Deployment& deployment, const CostProfile& profile)
    : impl_(std::make_shared<const Impl>(deployment, profile)) {}

StepTiming StepCostModel::step(const BatchPlan& plan) const {
  return impl_->formulation().step(plan);
}

void StepCostModel::foretell(const BatchPlan& plan, std::int64_t most, Duration until,
                             std::vector<StepTiming>& timings) const {
  impl_->formulation().foretell(plan, most, until, timings);
}

StepExplanation StepCostModel::explain(const BatchPlan& plan) const {
  return impl_->formulation().explain(plan);
}

const CostProfile& StepCostModel::profile() const {
  return impl_->profile();
}

const Deployment& StepCostModel::deployment() const {
  return impl_->deployment();
}

}  // namespace inferbench
