#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "harness/validate/predict_point.hpp"
#include "harness/validate/serving_point.hpp"

namespace inferbench {

// A point and what was predicted of it.
struct ScoredPoint {
  const ServingPoint* point = nullptr;  // never null
  ServingPrediction prediction;
};

// A metric of a point: what was measured, and what a prediction says.
struct PointMetric {
  std::string_view name;  // "ttft", "tpot", "tokens_s_gpu"
  std::optional<double> ServingPoint::*measured;
  std::optional<double> ServingPrediction::*predicted;
};

std::span<const PointMetric> point_metrics();
const PointMetric& tpot_metric();
const PointMetric& ttft_metric();
const PointMetric& throughput_metric();

// (predicted - measured) / measured; absent where either is.
std::optional<double> relative_error(const ScoredPoint& scored, const PointMetric& metric);

// Errors of several points. Bias is the median of the signed errors.
struct ErrorSummary {
  std::size_t count = 0;
  double median = 0, p90 = 0;  // of absolute errors
  double bias = 0;
};
ErrorSummary summarize_errors(std::vector<double> signed_errors);

// Spearman's rank correlation with mean ranks for ties; absent for fewer than three pairs, or where
// one side is all ties.
std::optional<double> spearman(std::span<const double> a, std::span<const double> b);

// How configurations rank by tokens/s/GPU: within each group of points that share model, engine,
// precision and lengths, the best measured point that meets the SLO stands for its degrees, and so
// does the best predicted one. Both sides judge the SLO by their own TPOT. A configuration without
// a point within the SLO has 0.
struct RankCorrelation {
  double tpot_ms = 0;              // the SLO
  std::size_t configurations = 0;  // set, degrees, lengths
  std::optional<double> all{};     // over all configurations
  std::optional<double> within{};  // mean over groups of three or more degrees
  std::size_t groups = 0;          // such groups
  std::size_t best_found = 0;      // groups of two or more whose best is predicted as best
  std::size_t choices = 0;         // such groups
};
RankCorrelation rank_configurations(std::span<const ScoredPoint> points, double tpot_ms);

// Saturation measured against saturation predicted, of points where the measurement says.
struct SaturationCount {
  std::size_t saturated = 0, recognised = 0;  // measured so; and predicted so
  std::size_t unsaturated = 0, false_alarm = 0;
};
SaturationCount count_saturation(std::span<const ScoredPoint> points);

// Bands learnt on one set of points for another: the quantiles of predicted over measured.
struct ErrorBand {
  double low = 1, high = 1;  // measured lies between predicted x low and predicted x high
  bool holds(double predicted, double measured) const {
    return predicted * low <= measured && measured <= predicted * high;
  }
};
// The 5th and 95th percentile of measured / predicted. At least one ratio.
ErrorBand band_of(std::vector<double> measured_over_predicted);

}  // namespace inferbench
