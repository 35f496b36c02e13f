#pragma once

#include <memory>
#include <optional>
#include <vector>

#include "harness/cost/cost_profile.hpp"
#include "harness/plan/deployment.hpp"
#include "harness/replay/fleet.hpp"
#include "harness/replay/front_end.hpp"
#include "harness/replay/served_pool.hpp"
#include "harness/replay/serving_options.hpp"
#include "harness/replay/system_under_test.hpp"

namespace inferbench {

// A deployment in modelled time: DP replicas behind a router; in each, one scheduler per EP rank in
// lock-step, PP stages with as many steps in flight, and steps timed by the cost model. With
// FleetServing::decode the deployment computes prompts and another one decodes.
//
// Requests and answers share the model's context and the KV pool of one attention rank, whichever
// is smaller. A request that does not fit is rejected. A model that drafts tokens takes its time
// and its memory from the same GPUs, so that the pool is smaller. Requests pass the
// front end of the profile (FrontEndParameters) before they reach the schedulers.
class DeployedSystem final : public SystemUnderTest {
 public:
  // Throws Error for a policy that is not known, limits that cannot work, a KV pool without a whole
  // block, a draft model that does not fit, events that name no replica, or a link that is not
  // there.
  DeployedSystem(const Deployment& deployment, const CostProfile& profile,
                 const ServingOptions& options);

  void serve(RequestSource& source, RecordSink& sink) override;

  const SchedulerOptions& scheduler_options() const { return entry_.limits(); }
  Tokens longest_sequence() const;          // prompt and answer
  std::vector<ReplicaStats> stats() const;  // by replica; decode replicas behind the others
  FleetActivity activity() const { return fleet_->activity(); }
  // Of the replicas that ever served at once; the two are the same GPUs unless decode is apart.
  std::int64_t prefill_gpus() const;
  std::int64_t decode_gpus() const;
  std::int64_t gpus() const { return prefill_gpus() + (decode_ ? decode_gpus() : 0); }
  Time now() const { return clock_.now(); }  // where the run stands

 private:
  FleetOptions fleet_options(const Deployment& deployment, const CostProfile& profile,
                             const ServingOptions& options);

  ServedPool entry_;
  std::optional<ServedPool> decode_;
  FrontEndTimes front_end_;
  std::int64_t replicas_, gpus_;  // of the deployment as given
  std::int64_t decode_replicas_ = 0, decode_gpus_ = 0;
  SimulatedClock clock_;
  std::unique_ptr<Fleet> fleet_;
};

}  // namespace inferbench
