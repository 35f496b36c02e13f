#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "harness/cost/cost_profile.hpp"
#include "harness/execute/draft_cost.hpp"
#include "harness/execute/executor.hpp"
#include "harness/execute/speculation.hpp"
#include "harness/plan/deployment.hpp"
#include "harness/replay/fleet.hpp"
#include "harness/replay/system_under_test.hpp"
#include "harness/schedule/scheduler_options.hpp"

namespace inferbench {

// How a deployment keeps keys and values: KvOptions with sizes in bytes. The host memory is that of
// each GPU; how much a server has is not in the catalog, so it is not checked.
struct KvServing {
  KvOptions options;  // its sizes are set from these
  Bytes host{};       // per GPU, for swapped requests
  Bytes cpu_tier{};   // per GPU, for prefixes that left the GPU
};

// How a deployment serves. Limits are per attention rank, as in SchedulerOptions.
struct ServingOptions {
  std::string scheduler = "in_flight";
  Tokens step_tokens{2048};
  std::int64_t max_batch = 256;
  Tokens block_tokens{16};
  double watermark = SchedulerOptions{}.watermark;
  std::optional<std::int64_t> aging{};
  std::optional<Speculation> speculation{};
  std::uint64_t seed = 0;  // of which drafted tokens are accepted, and of routers that draw
  KvServing kv{};
  std::string router = "least_loaded";
  std::optional<Time> cut{};  // the run ends here; open requests are unfinished
};

// A deployment in modelled time: DP replicas behind a router; in each, one scheduler per EP rank in
// lock-step, PP stages with as many steps in flight, and steps timed by the cost model.
//
// Requests and answers share the model's context and the KV pool of one attention rank, whichever
// is smaller. A request that does not fit is rejected. A model that drafts tokens takes its time
// and its memory from the same GPUs, so that the pool is smaller.
class DeployedSystem final : public SystemUnderTest {
 public:
  // Throws Error for a policy that is not known, limits that cannot work, a KV pool without a whole
  // block, or a draft model that does not fit.
  DeployedSystem(const Deployment& deployment, const CostProfile& profile,
                 const ServingOptions& options);

  void serve(RequestSource& source, RecordSink& sink) override;

  const SchedulerOptions& scheduler_options() const { return scheduler_options_; }
  Tokens longest_sequence() const;           // prompt and answer
  std::vector<ReplicaStats> stats() const;   // by replica
  Time now() const { return clock_.now(); }  // where the run stands

 private:
  DeployedSystem(const Deployment& deployment, const CostProfile& profile,
                 const ServingOptions& options, std::optional<DraftCost> draft);

  SchedulerOptions scheduler_options_;
  std::vector<std::unique_ptr<Scheduler>> schedulers_;
  std::unique_ptr<Executor> executor_;  // has no state that a step leaves behind: shared
  std::unique_ptr<Router> router_;
  SimulatedClock clock_;
  std::unique_ptr<Fleet> fleet_;
};

}  // namespace inferbench
