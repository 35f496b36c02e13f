#include "harness/metrics/validity.hpp"

#include <algorithm>
#include <string>
#include <utility>

#include "harness/base/text_table.hpp"
#include "harness/metrics/goodput.hpp"
#include "harness/metrics/saturation.hpp"
#include "harness/stats/early_stopping.hpp"

namespace inferbench {
namespace {

constexpr double kMostErrors = 0.01;  // share of the requests
constexpr double kMostLag = 0.01;     // share of the median TTFT

std::string number(std::uint64_t value) {
  return with_commas(static_cast<long long>(value));
}

std::string percent(double share) {
  return significant(100 * share) + " %";
}

// "12 too_long, 3 no_replica": of what counts as an error.
std::string reasons_text(const OutcomeCounts& counts) {
  std::string text;
  for (const auto& [reason, count] : counts.reasons) {
    if (reason == name(Reason::cut)) continue;
    text += (text.empty() ? "" : ", ") + number(count) + " " + reason;
  }
  return text.empty() ? "no reasons given" : text;
}

class Judge {
 public:
  Judge(std::span<const RequestRecord> records, const Summary& summary,
        const SummaryOptions& options)
      : records_(records), summary_(summary), options_(options) {}

  Validity verdict() {
    outcomes();
    saturation();
    schedule_lag();
    steady_state();
    samples();
    confidence();
    return std::move(validity_);
  }

 private:
  void add(const char* id, const std::string& text, bool invalidates) {
    validity_.reasons.push_back({.id = id, .text = text, .invalidates = invalidates});
    validity_.valid = validity_.valid && !invalidates;
  }

  const DistributionMetric* metric(std::string_view id) const {
    for (const DistributionMetric& candidate : summary_.distributions) {
      if (candidate.id == id) return &candidate;
    }
    return nullptr;
  }

  void outcomes() {
    const OutcomeCounts& counts = summary_.outcomes;
    if (counts.completed == 0) {
      add("no_completed_requests", "none of " + number(counts.requests) + " requests completed",
          true);
    }
    const std::uint64_t errors = counts.rejected + counts.cancelled + counts.failed;
    if (errors > 0) {
      const double share = static_cast<double>(errors) / static_cast<double>(counts.requests);
      add("errors",
          number(counts.rejected) + " rejected, " + number(counts.cancelled) + " cancelled and " +
              number(counts.failed) + " failed of " + number(counts.requests) + " requests, " +
              percent(share) + " (" + reasons_text(counts) + "); above 1 % the run is not valid",
          share > kMostErrors);
    }
    if (counts.unfinished > 0) {
      add("unfinished_requests",
          number(counts.unfinished) +
              " requests were open when the run was cut; no latency "
              "includes them",
          false);
    }
  }

  void saturation() {
    if (options_.concurrency) return;
    const auto waits = saturated(records_);
    if (!waits) return;
    add("saturated",
        "requests arrived faster than they were served: the mean wait grew from " +
            human_seconds(waits->front()) + " in the first quarter of the arrivals to " +
            human_seconds(waits->back()) + " in the last, so latencies depend on the run's length",
        true);
  }

  void schedule_lag() {
    const DistributionMetric* lag = metric("queue_client");
    const DistributionMetric* ttft = metric("ttft");
    if (lag == nullptr || ttft == nullptr || lag->count == 0) return;
    const std::optional<double> p99 = value_at(*lag, 99);
    const std::optional<double> worst = p99 ? p99 : lag->max;
    const std::optional<double> typical = value_at(*ttft, 50) ? value_at(*ttft, 50) : ttft->mean;
    if (!worst || !typical || *worst <= kMostLag * *typical) return;
    add("schedule_lag",
        "requests were handed over late: " + std::string(p99 ? "p99 " : "at most ") +
            significant(*worst) + " ms, more than 1 % of the " +
            (value_at(*ttft, 50) ? "median" : "mean") + " TTFT of " + significant(*typical) + " ms",
        true);
  }

  static std::optional<double> value_at(const DistributionMetric& metric, double percentile) {
    for (const Quantile& quantile : metric.quantiles) {
      if (quantile.percentile == percentile) return quantile.value;
    }
    return std::nullopt;
  }

  void steady_state() {
    if (summary_.headline_window == "steady" || summary_.outcomes.completed == 0) return;
    add("no_steady_state",
        "no steady stretch was found; rates are of the full window, ramp-up and drain included",
        false);
  }

  void samples() {
    if (summary_.outcomes.completed == 0) return;
    bool slo_lacks = false;
    for (std::size_t i = 0; i < summary_.slo.size(); ++i) {
      const SloConstraint& constraint = options_.slo->constraints[i];
      if (summary_.slo[i].attained || !constraint.percentile) continue;
      slo_lacks = true;
      const DistributionMetric* limited = metric(constraint.metric);
      add("too_few_samples",
          constraint.statistic() + " needs " +
              number(least_samples_of_either_tail(*constraint.percentile)) +
              " samples, the run has " + number(limited == nullptr ? 0 : limited->count),
          true);
    }
    const DistributionMetric* ttft = metric("ttft");
    if (slo_lacks || ttft == nullptr || ttft->count >= least_samples(99)) return;
    add("too_few_samples",
        number(ttft->count) + " completed requests: p99 needs " + number(least_samples(99)) +
            ", p90 " + number(least_samples(90)) + "; percentiles beyond reach are left out",
        false);
  }

  // LoadGen's early stopping: a percentile that is met by a hair is not yet known to be met.
  void confidence() {
    for (std::size_t i = 0; i < summary_.slo.size(); ++i) {
      const SloConstraint& constraint = options_.slo->constraints[i];
      if (!summary_.slo[i].met || !constraint.percentile || constraint.metric == "itl") continue;
      const auto over = static_cast<std::uint64_t>(
          std::count_if(records_.begin(), records_.end(), [&](const RequestRecord& record) {
            return record.outcome == Outcome::completed && !meets(record, constraint);
          }));
      const double tail = std::max(*constraint.percentile, 100 - *constraint.percentile);
      if (supports_percentile(tail, summary_.outcomes.completed, over)) continue;
      add("slo_not_confident",
          label(constraint) + " is met, but with " + number(over) + " of " +
              number(summary_.outcomes.completed) + " requests outside not at 99 % confidence; " +
              number(least_samples(tail, over)) + " requests would be needed",
          false);
    }
  }

  std::span<const RequestRecord> records_;
  const Summary& summary_;
  const SummaryOptions& options_;
  Validity validity_;
};

}  // namespace

Validity judge(std::span<const RequestRecord> records, const Summary& summary,
               const SummaryOptions& options) {
  return Judge(records, summary, options).verdict();
}

}  // namespace inferbench
