#include "harness/metrics/goodput.hpp"

#include <algorithm>
#include <string>

#include "harness/base/error.hpp"
#include "harness/metrics/durations.hpp"
#include "harness/metrics/itl.hpp"
#include "harness/metrics/request_metric.hpp"
#include "harness/stats/moments.hpp"

namespace inferbench {
namespace {

bool gaps_meet(const RequestRecord& record, const SloConstraint& constraint) {
  std::vector<double> gaps;
  append_gaps(record, gaps);
  if (gaps.empty()) return true;
  if (!constraint.percentile) return constraint.met_by(*moments(gaps).mean);
  std::sort(gaps.begin(), gaps.end());
  return constraint.met_by(
      percentile_of_sorted(gaps, *constraint.percentile, PercentileMethod::nearest_rank));
}

ScalarMetric rate(const char* id, const char* unit, const char* definition) {
  ScalarMetric metric;
  metric.id = id;
  metric.unit = unit;
  metric.definition = definition;
  return metric;
}

}  // namespace

bool meets(const RequestRecord& record, const SloConstraint& constraint) {
  if (constraint.metric == "itl") return gaps_meet(record, constraint);
  for (const RequestMetric& metric : request_metrics()) {
    if (metric.id != constraint.metric) continue;
    const std::optional<double> value = metric.of(record);
    return !value || constraint.met_by(*value);
  }
  ensure(false, "an SLO limits a metric that exists");
  return false;
}

Goodput goodput(std::span<const RequestRecord> records, const Slo& slo) {
  Goodput out;
  out.meeting.resize(slo.constraints.size());
  for (const RequestRecord& record : records) {
    if (record.outcome == Outcome::unfinished) continue;
    ++out.ended;
    if (record.outcome != Outcome::completed) continue;
    bool good = true;
    for (std::size_t c = 0; c < slo.constraints.size(); ++c) {
      const bool met = meets(record, slo.constraints[c]);
      out.meeting[c] += met ? 1 : 0;
      good = good && met;
    }
    if (!good) continue;
    ++out.good;
    out.good_tokens += record.token_times.size();
  }
  return out;
}

std::vector<ScalarMetric> goodput_metrics(const std::optional<Goodput>& goodput,
                                          const Stretch& full) {
  std::vector<ScalarMetric> metrics = {
      rate("request_goodput", "requests/s", "requests that meet every SLO / full window"),
      rate("slo_attainment", "1",
           "requests that meet every SLO / requests that ended; rejected, cancelled and failed "
           "ones count as bad"),
      rate("token_goodput", "tokens/s",
           "output tokens of requests that meet every SLO / full window")};
  if (goodput && full.duration > Duration(0)) {
    const double seconds = in_seconds(full.duration);
    metrics[0].value = static_cast<double>(goodput->good) / seconds;
    metrics[2].value = static_cast<double>(goodput->good_tokens) / seconds;
  }
  if (goodput && goodput->ended > 0) {
    metrics[1].value = static_cast<double>(goodput->good) / static_cast<double>(goodput->ended);
  }
  for (ScalarMetric& metric : metrics) {
    if (!metric.value)
      metric.absent_because = goodput ? "nothing ended, or in no time" : "no SLO was given";
  }
  return metrics;
}

}  // namespace inferbench
