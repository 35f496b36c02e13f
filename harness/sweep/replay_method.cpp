#include "harness/sweep/replay_method.hpp"

#include <stdexcept>

#include "harness/base/error.hpp"
#include "harness/base/text_table.hpp"
#include "harness/metrics/summarize.hpp"
#include "harness/replay/record_sinks.hpp"
#include "harness/sweep/replay_setup.hpp"
#include "workloads/load.hpp"

namespace inferbench {
namespace {

constexpr double kMedian = 50;

const DistributionMetric& distribution_of(const Summary& summary, const char* id) {
  for (const DistributionMetric& metric : summary.distributions) {
    if (metric.id == id) return metric;
  }
  throw std::logic_error(std::string("a summary without ") + id);
}

// The median, or the mean where the samples are too few for one.
double middle(const DistributionMetric& metric) {
  for (const Quantile& quantile : metric.quantiles) {
    if (quantile.percentile == kMedian && quantile.value) return *quantile.value;
  }
  return metric.mean.value_or(0);
}

double headline_rate(const Summary& summary, const char* id) {
  for (const Window& window : summary.windows) {
    if (window.name != summary.headline_window) continue;
    for (const ScalarMetric& rate : window.rates) {
      if (rate.id == id) return rate.value.value_or(0);
    }
  }
  return 0;
}

void judge(const Summary& summary, SweepPoint& point) {
  const OutcomeCounts& outcomes = summary.outcomes;
  if (outcomes.completed < outcomes.requests) {
    point.fits = false;
    point.why_not = "requests: " + std::to_string(outcomes.requests - outcomes.completed) + " of " +
                    std::to_string(outcomes.requests) +
                    " are longer than the KV cache or the model's context";
    return;
  }
  for (const SloOutcome& slo : summary.slo) {
    if (slo.met) continue;
    point.meets_slo = false;
    point.why_not = slo.attained
                        ? "SLO: " + slo.constraint + " is missed with " + significant(*slo.attained)
                        : "SLO not judged: too few requests for " + slo.constraint;
    return;
  }
}

}  // namespace

ReplayMethod::ReplayMethod(SweepSystem system, ReplaySweep sweep)
    : system_(std::move(system)), sweep_(std::move(sweep)) {
  ensure(sweep_.workload != nullptr, "a replay sweep has a workload");
}

SweepPoint ReplayMethod::evaluate(const SweepTask& task) const {
  SweepPoint point{.task = task};
  const auto deployment = place_for_replay(system_, sweep_, point);
  if (!deployment) return point;
  try {
    serve(*deployment, point);
  } catch (const Error& error) {
    if (!sweep_.serving.speculation) throw;
    // A draft model that does not fit beside this deployment, a chunk without room for the drafts.
    point.why_not = "speculation: " + error.place() + ": " + error.problem();
  }
  return point;
}

void ReplayMethod::serve(const Deployment& deployment, SweepPoint& point) const {
  const WorkloadOptions offer = offer_of(sweep_, point.task);
  DeployedSystem system(deployment, system_.profile, serving_of(sweep_, point.task));
  const auto source = open_source(sweep_.workload, offer);
  RecordList records;
  system.serve(*source, records);

  SummaryOptions options;
  const std::int64_t gpus = point.task.parallel.gpus();
  options.gpus = {.total = gpus, .prefill = gpus, .decode = gpus};
  options.slo = sweep_.slo;
  options.concurrency = offer.concurrency;
  const Summary summary = summarize(records.records(), options);
  point.fits = true;
  point.ttft = Seconds(middle(distribution_of(summary, "ttft")) / 1e3);
  point.tpot = Seconds(middle(distribution_of(summary, "tpot")) / 1e3);
  point.tps_user = middle(distribution_of(summary, "tps_user"));
  point.tps_gpu = headline_rate(summary, "output_tps_gpu");
  judge(summary, point);
}

}  // namespace inferbench
