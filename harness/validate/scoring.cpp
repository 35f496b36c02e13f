#include "harness/validate/scoring.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <map>
#include <numeric>

#include "harness/base/error.hpp"
#include "harness/stats/percentile.hpp"

namespace inferbench {
namespace {

constexpr std::array<PointMetric, 3> kPointMetrics = {{
    {"tpot", &ServingPoint::tpot_ms, &ServingPrediction::tpot_ms},
    {"ttft", &ServingPoint::ttft_ms, &ServingPrediction::ttft_ms},
    {"tokens_s_gpu", &ServingPoint::tokens_s_gpu, &ServingPrediction::tokens_s_gpu},
}};

// Ranks from 1; equal values share the mean of theirs.
std::vector<double> ranks_of(std::span<const double> values) {
  std::vector<std::size_t> order(values.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::stable_sort(order.begin(), order.end(),
                   [&](std::size_t a, std::size_t b) { return values[a] < values[b]; });
  std::vector<double> ranks(values.size());
  for (std::size_t i = 0; i < order.size();) {
    std::size_t end = i;
    while (end < order.size() && values[order[end]] == values[order[i]]) ++end;
    const double mean = static_cast<double>(i + end + 1) / 2.0;
    for (; i < end; ++i) ranks[order[i]] = mean;
  }
  return ranks;
}

// The best tokens/s/GPU of one configuration within the SLO.
struct BestOf {
  double measured = 0, predicted = 0;
};

void take(BestOf& best, const ScoredPoint& scored, double tpot_ms) {
  const ServingPoint& point = *scored.point;
  const ServingPrediction& said = scored.prediction;
  if (*point.tpot_ms <= tpot_ms) best.measured = std::max(best.measured, *point.tokens_s_gpu);
  if (said.tpot_ms && *said.tpot_ms <= tpot_ms) {
    best.predicted = std::max(best.predicted, *said.tokens_s_gpu);
  }
}

struct Sides {
  std::vector<double> measured, predicted;
};

bool same_best(const Sides& sides) {
  const auto best = [](const std::vector<double>& side) {
    return std::max_element(side.begin(), side.end()) - side.begin();
  };
  return best(sides.measured) == best(sides.predicted);
}

}  // namespace

std::span<const PointMetric> point_metrics() {
  return kPointMetrics;
}
const PointMetric& tpot_metric() {
  return kPointMetrics[0];
}
const PointMetric& ttft_metric() {
  return kPointMetrics[1];
}
const PointMetric& throughput_metric() {
  return kPointMetrics[2];
}

std::optional<double> relative_error(const ScoredPoint& scored, const PointMetric& metric) {
  const auto& measured = (*scored.point).*metric.measured;
  const auto& predicted = scored.prediction.*metric.predicted;
  if (!measured || !predicted) return std::nullopt;
  return (*predicted - *measured) / *measured;
}

ErrorSummary summarize_errors(std::vector<double> errors) {
  ErrorSummary out{.count = errors.size()};
  if (errors.empty()) return out;
  out.bias = percentiles(errors, std::array{50.0}).front();
  for (double& error : errors) error = std::abs(error);
  const auto found = percentiles(errors, std::array{50.0, 90.0});
  out.median = found[0], out.p90 = found[1];
  return out;
}

std::optional<double> spearman(std::span<const double> a, std::span<const double> b) {
  ensure(a.size() == b.size(), "ranks are correlated pair by pair");
  if (a.size() < 3) return std::nullopt;
  const std::vector<double> ra = ranks_of(a), rb = ranks_of(b);
  const double mean = static_cast<double>(a.size() + 1) / 2.0;
  double ab = 0, aa = 0, bb = 0;
  for (std::size_t i = 0; i < ra.size(); ++i) {
    ab += (ra[i] - mean) * (rb[i] - mean);
    aa += (ra[i] - mean) * (ra[i] - mean);
    bb += (rb[i] - mean) * (rb[i] - mean);
  }
  if (aa == 0 || bb == 0) return std::nullopt;
  return ab / std::sqrt(aa * bb);
}

RankCorrelation rank_configurations(std::span<const ScoredPoint> points, double tpot_ms) {
  std::map<std::string, std::map<std::string, BestOf>> groups;  // by lengths, then by degrees
  for (const ScoredPoint& scored : points) {
    const ServingPoint& point = *scored.point;
    if (!point.tpot_ms || !point.tokens_s_gpu) continue;
    const std::string lengths = point.set + " " + std::to_string(point.isl.count()) + "/" +
                                std::to_string(point.osl.count());
    take(groups[lengths][label(point.parallel)], scored, tpot_ms);
  }
  RankCorrelation out{.tpot_ms = tpot_ms};
  Sides all;
  double sum = 0;
  for (const auto& [lengths, configurations] : groups) {
    Sides sides;
    for (const auto& [degrees, best] : configurations) {
      sides.measured.push_back(best.measured), sides.predicted.push_back(best.predicted);
    }
    all.measured.insert(all.measured.end(), sides.measured.begin(), sides.measured.end());
    all.predicted.insert(all.predicted.end(), sides.predicted.begin(), sides.predicted.end());
    if (const auto rho = spearman(sides.measured, sides.predicted)) sum += *rho, ++out.groups;
    if (sides.measured.size() < 2) continue;
    ++out.choices;
    out.best_found += same_best(sides) ? 1 : 0;
  }
  out.configurations = all.measured.size();
  out.all = spearman(all.measured, all.predicted);
  if (out.groups > 0) out.within = sum / static_cast<double>(out.groups);
  return out;
}

SaturationCount count_saturation(std::span<const ScoredPoint> points) {
  SaturationCount out;
  for (const ScoredPoint& scored : points) {
    const auto measured = scored.point->saturated();
    if (!measured || !scored.prediction.ttft_ms) continue;
    const bool predicted = scored.prediction.saturated;
    ++(*measured ? out.saturated : out.unsaturated);
    if (predicted) ++(*measured ? out.recognised : out.false_alarm);
  }
  return out;
}

ErrorBand band_of(std::vector<double> ratios) {
  const auto found = percentiles(ratios, std::array{5.0, 95.0});
  return {.low = found[0], .high = found[1]};
}

}  // namespace inferbench
