#pragma once

#include <memory>
#include <string>
#include <vector>

#include "harness/cost/cost_profile.hpp"
#include "harness/execute/draft_cost.hpp"
#include "harness/execute/executor.hpp"
#include "harness/plan/deployment.hpp"
#include "harness/replay/replica_pool.hpp"
#include "harness/replay/serving_options.hpp"
#include "harness/schedule/scheduler_options.hpp"

namespace inferbench {

// The schedulers, the executor and the router of a deployment's replicas, in modelled time.
class ServedPool {
 public:
  // `replicas`: how many, those of a later scale-up included. Throws Error for a policy that is not
  // known, limits that cannot work, a KV pool without a whole block, or a draft model that does not
  // fit.
  ServedPool(const Deployment& deployment, const CostProfile& profile,
             const ServingOptions& options, const std::string& router, std::size_t replicas);

  const std::vector<FleetMember>& members() const { return members_; }
  Router& router() { return *router_; }
  const SchedulerOptions& limits() const { return limits_; }
  Tokens longest_sequence() const;  // prompt and answer of one request

 private:
  ServedPool(const Deployment& deployment, const CostProfile& profile,
             const ServingOptions& options, const std::string& router, std::size_t replicas,
             std::optional<DraftCost> draft);

  SchedulerOptions limits_;
  std::vector<std::unique_ptr<Scheduler>> schedulers_;
  std::unique_ptr<Executor> executor_;  // has no state that a step leaves behind: shared
  std::unique_ptr<Router> router_;
  std::vector<FleetMember> members_;
};

}  // namespace inferbench
