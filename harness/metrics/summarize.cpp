#include "harness/metrics/summarize.hpp"

#include <algorithm>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "harness/metrics/concurrency.hpp"
#include "harness/metrics/distribution.hpp"
#include "harness/metrics/goodput.hpp"
#include "harness/metrics/itl.hpp"
#include "harness/metrics/latency_parts.hpp"
#include "harness/metrics/request_metric.hpp"
#include "harness/metrics/throughput.hpp"
#include "harness/metrics/validity.hpp"
#include "harness/metrics/window.hpp"

namespace inferbench {
namespace {

std::vector<std::pair<std::string, std::uint64_t>> count_reasons(
    std::span<const RequestRecord> records) {
  std::map<Reason, std::uint64_t> counts;
  for (const RequestRecord& record : records) {
    if (record.reason != Reason::none) ++counts[record.reason];
  }
  std::vector<std::pair<std::string, std::uint64_t>> reasons;
  reasons.reserve(counts.size());
  for (const auto& [reason, count] : counts) reasons.emplace_back(name(reason), count);
  return reasons;
}

OutcomeCounts count_outcomes(std::span<const RequestRecord> records) {
  OutcomeCounts counts;
  counts.requests = records.size();
  for (const RequestRecord& record : records) {
    switch (record.outcome) {
      case Outcome::completed:
        ++counts.completed;
        break;
      case Outcome::rejected:
        ++counts.rejected;
        break;
      case Outcome::cancelled:
        ++counts.cancelled;
        break;
      case Outcome::failed:
        ++counts.failed;
        break;
      case Outcome::unfinished:
        ++counts.unfinished;
        break;
    }
  }
  counts.reasons = count_reasons(records);
  return counts;
}

template <class Visit>
void for_each_completed(std::span<const RequestRecord> records, Visit visit) {
  for (const RequestRecord& record : records) {
    if (record.outcome == Outcome::completed) visit(record);
  }
}

std::vector<double> samples_of(std::string_view metric, std::span<const RequestRecord> records) {
  std::vector<double> samples;
  if (metric == "itl") {
    for_each_completed(records, [&](const RequestRecord& r) { append_gaps(r, samples); });
    return samples;
  }
  for (const RequestMetric& known : request_metrics()) {
    if (known.id != metric) continue;
    for_each_completed(records, [&](const RequestRecord& record) {
      if (const auto sample = known.of(record)) samples.push_back(*sample);
    });
  }
  return samples;
}

// The value that a constraint limits. Samples stand in the distribution already where its
// percentile is a usual one; others are read off again.
std::optional<double> attained(const SloConstraint& constraint,
                               std::span<const RequestRecord> records,
                               const std::vector<DistributionMetric>& distributions,
                               PercentileMethod method) {
  for (const DistributionMetric& metric : distributions) {
    if (metric.id != constraint.metric) continue;
    if (!constraint.percentile) return metric.mean;
    for (const Quantile& quantile : metric.quantiles) {
      if (quantile.percentile == *constraint.percentile) return quantile.value;
    }
  }
  std::vector<double> samples = samples_of(constraint.metric, records);
  std::sort(samples.begin(), samples.end());
  return supported_percentile(samples, *constraint.percentile, method);
}

std::vector<DistributionMetric> all_distributions(std::span<const RequestRecord> records,
                                                  PercentileMethod method) {
  std::vector<DistributionMetric> distributions;
  const auto add = [&](const MetricName& name) {
    std::vector<double> samples = samples_of(name.id, records);
    distributions.push_back(distribution(name, samples, method));
  };
  for (const RequestMetric& metric : request_metrics()) {
    add({metric.id, metric.unit, metric.definition, metric.better});
    if (metric.id == "tpot") add({"itl", "ms", kItlDefinition, Better::lower});
  }
  return distributions;
}

std::vector<SloOutcome> slo_outcomes(std::span<const RequestRecord> records,
                                     const SummaryOptions& options, const Summary& summary,
                                     const Goodput& good) {
  std::vector<SloOutcome> outcomes;
  for (std::size_t i = 0; i < options.slo->constraints.size(); ++i) {
    const SloConstraint& constraint = options.slo->constraints[i];
    SloOutcome outcome;
    outcome.constraint = label(constraint);
    outcome.attained =
        attained(constraint, records, summary.distributions, options.percentile_method);
    outcome.met = outcome.attained && constraint.met_by(*outcome.attained);
    if (good.ended > 0) {
      outcome.share_of_requests =
          static_cast<double>(good.meeting[i]) / static_cast<double>(good.ended);
    }
    outcomes.push_back(std::move(outcome));
  }
  return outcomes;
}

ScalarMetric scalar(const char* id, const char* unit, const char* definition, Better better,
                    double value) {
  ScalarMetric metric;
  metric.id = id;
  metric.unit = unit;
  metric.definition = definition;
  metric.better = better;
  metric.value = value;
  return metric;
}

std::vector<ScalarMetric> run_scalars(std::span<const RequestRecord> records,
                                      const Concurrency& concurrency, const GpuCounts& gpus) {
  double input = 0, output = 0, preemptions = 0;
  for (const RequestRecord& record : records) {
    if (!record.token_times.empty()) input += static_cast<double>(record.input.count());
    output += static_cast<double>(record.token_times.size());
    preemptions += record.preemptions;
  }
  const auto count = [](const char* id, const char* unit, const char* definition, double value) {
    return scalar(id, unit, definition, Better::neither, value);
  };
  return {
      count("gpus_total", "GPUs", "GPUs of the deployment: DP x TP x PP x CP x EP",
            static_cast<double>(gpus.total)),
      count("gpus_prefill", "GPUs", "GPUs that compute prompts", static_cast<double>(gpus.prefill)),
      count("gpus_decode", "GPUs", "GPUs that generate", static_cast<double>(gpus.decode)),
      count("concurrency_peak", "requests", "most requests open at the same time",
            static_cast<double>(concurrency.peak())),
      count("input_tokens", "tokens", "prompt tokens of requests with a first token", input),
      count("output_tokens", "tokens", "output tokens that became visible", output),
      scalar("preemptions", "1", "times a running request gave its KV blocks back", Better::lower,
             preemptions),
  };
}

Window window(const char* name, std::string_view definition, const std::optional<Stretch>& stretch,
              std::vector<ScalarMetric> rates) {
  Window out;
  out.name = name;
  out.definition = definition;
  out.found = stretch.has_value();
  if (stretch) {
    out.begin = stretch->begin;
    out.end = stretch->end;
  }
  out.rates = std::move(rates);
  return out;
}

}  // namespace

Summary summarize(std::span<const RequestRecord> records, const SummaryOptions& options) {
  Summary summary;
  summary.outcomes = count_outcomes(records);
  summary.percentile_method = name(options.percentile_method);
  summary.distributions = all_distributions(records, options.percentile_method);

  const Concurrency concurrency(records);
  const Stretch full = full_window(records);
  const auto steady = steady_window(records, full, concurrency, options.concurrency);
  const Stretch active = active_window(full, concurrency);
  const auto rates = [&](const std::optional<Stretch>& stretch) {
    return throughput(records, stretch, concurrency, options.gpus);
  };
  summary.windows.push_back(window("full", kFullWindow, full, rates(full)));
  summary.windows.push_back(window("steady", kSteadyWindow, steady, rates(steady)));
  summary.windows.push_back(window("active", kActiveWindow, active, rates(active)));
  summary.headline_window = steady ? "steady" : "full";

  summary.scalars = run_scalars(records, concurrency, options.gpus);
  std::optional<Goodput> good;
  if (options.slo) {
    good = goodput(records, *options.slo);
    summary.slo = slo_outcomes(records, options, summary, *good);
  }
  for (ScalarMetric& metric : goodput_metrics(good, full)) {
    summary.scalars.push_back(std::move(metric));
  }
  summary.latency_parts = latency_parts(records);
  summary.validity = judge(records, summary, options);
  return summary;
}

}  // namespace inferbench
