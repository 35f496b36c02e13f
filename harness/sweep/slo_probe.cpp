#include "harness/sweep/slo_probe.hpp"

#include <cmath>

#include "harness/base/error.hpp"
#include "harness/base/real.hpp"
#include "harness/base/text_table.hpp"
#include "harness/metrics/saturation.hpp"
#include "harness/sweep/replay_setup.hpp"
#include "workloads/load.hpp"

namespace inferbench {
SloProbe::SloProbe(SweepSystem system, ReplaySweep sweep, double capacity_margin)
    : system_(std::move(system)), sweep_(std::move(sweep)), capacity_margin_(capacity_margin) {
  ensure(sweep_.workload != nullptr, "a probe has a workload");
  if (!sweep_.slo || sweep_.slo->constraints.empty()) {
    throw Error("--slo", "is missing", "it says which load counts as met",
                "e.g. --slo ttft_p99=2s,tpot_p99=50ms");
  }
  const std::uint64_t least = least_requests(*sweep_.slo);
  if (requests() < least) {
    throw Error("--slo",
                sweep_.slo->name + " needs at least " + with_commas(static_cast<long long>(least)) +
                    " requests",
                "the workload has " + with_commas(static_cast<long long>(requests())) +
                    ", and no percentile of so few is known at 99 % confidence",
                "use more requests (--requests, another trace), or a lower percentile");
  }
  traffic_ = traffic_means(*sweep_.workload);
}

std::string SloProbe::why_not(const SweepTask& task) const {
  SweepPoint point{.task = task};
  const auto deployment = place_for_replay(system_, sweep_, point);
  if (!deployment) return point.why_not;
  if (!sweep_.serving.speculation) return "";
  try {
    const DeployedSystem tried(*deployment, system_.profile, serving_of(sweep_, task));
  } catch (const Error& error) {
    // A draft model that does not fit beside this deployment, a chunk without room for the drafts.
    return "speculation: " + error.place() + ": " + error.problem();
  }
  return "";
}

double SloProbe::highest_load(const SweepTask& task) const {
  if (sweep_.load == LoadKind::users) return HUGE_VAL;
  const SteadyState steady(system_, traffic_, task, serving_of(sweep_, task).max_batch);
  if (!steady.why_not().empty()) return 0;
  // At best every drafted token is accepted.
  const auto& speculation = sweep_.serving.speculation;
  const double tokens = speculation ? 1.0 + real(speculation->draft_tokens.count()) : 1.0;
  return (1 + capacity_margin_) * tokens * steady.capacity().rate;
}

Probe SloProbe::run(const SweepTask& task, Stopping stopping, double highest_load) const {
  Probe probe{.load = task.load};
  if (task.load > highest_load) {
    probe.binds = "steady capacity";
    return probe;
  }
  SweepPoint point{.task = task};
  const auto deployment = place_for_replay(system_, sweep_, point);
  if (!deployment) {
    probe.binds = point.why_not;
    return probe;
  }
  DeployedSystem system(*deployment, system_.profile, serving_of(sweep_, task));
  const auto source = open_source(sweep_.workload, offer_of(sweep_, task));
  SloWatch watch(*sweep_.slo, requests(), stopping);
  serve_until_decided(system, *source, watch);
  probe.verdict = watch.verdict();
  probe.seen = watch.seen();
  probe.whole = watch.whole();
  probe.counts = watch.counts();
  probe.strain = watch.strain();
  probe.binds = label(sweep_.slo->constraints[watch.binding()]);
  if (!probe.met() && watch.rejected() > 0) {
    // Requests that are sent away say nothing about latency, however good the others are.
    probe.strain = HUGE_VAL;
    probe.binds = with_commas(static_cast<long long>(watch.rejected())) + " of " +
                  with_commas(static_cast<long long>(watch.seen())) +
                  " requests rejected: longer than the KV cache or the model's context";
  }
  if (probe.met() && probe.whole && sweep_.load != LoadKind::users && saturated(watch.records())) {
    probe.verdict = ProbeVerdict::missed;
    probe.binds = "saturation: waits grow along the run";
  }
  return probe;
}

}  // namespace inferbench
