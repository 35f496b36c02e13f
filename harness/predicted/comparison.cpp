#include "harness/predicted/comparison.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <optional>

#include "harness/stats/percentile.hpp"

namespace inferbench {
namespace {

std::array<double, kOpClasses> by_class(const StepTiming::Parts& parts) {
  std::array<double, kOpClasses> out{};
  const auto put = [&](OpClass op_class, Duration time) {
    out[static_cast<std::size_t>(op_class)] = seconds(time).count();
  };
  put(OpClass::gemm, parts.gemm);
  put(OpClass::attention, parts.attention);
  put(OpClass::moe, parts.moe);
  put(OpClass::other, parts.elementwise);
  put(OpClass::collectives, parts.scale_up);
  put(OpClass::host, parts.host);
  return out;
}

const DistributionMetric* distribution(const Summary& summary, const std::string& id) {
  for (const DistributionMetric& metric : summary.distributions) {
    if (metric.id == id) return &metric;
  }
  return nullptr;
}

std::optional<double> median_of(const DistributionMetric& metric) {
  for (const Quantile& quantile : metric.quantiles) {
    if (quantile.percentile == 50) return quantile.value;
  }
  return std::nullopt;
}

const ScalarMetric* rate_of_run(const Summary& summary, const std::string& id) {
  for (const Window& window : summary.windows) {
    if (window.name != "full") continue;
    for (const ScalarMetric& rate : window.rates) {
      if (rate.id == id) return &rate;
    }
  }
  return nullptr;
}

}  // namespace

double Residual::error() const {
  if (measured != 0) return modelled / measured - 1;
  return modelled == 0 ? 0 : 1;
}

StepResiduals step_residuals(std::span<const ExecutedStep> log, const StepPredictor& predictor) {
  StepResiduals out;
  out.by_class.resize(kOpClasses);
  std::vector<double> errors;
  BatchPlan plan;
  for (const ExecutedStep& executed : log) {
    plan.items = executed.items;
    const StepPrediction predicted = predictor.step(plan);
    const Residual step{seconds(executed.timing.elapsed).count(),
                        seconds(predicted.timing().elapsed).count()};
    const auto measured = by_class(executed.timing.parts);
    for (std::size_t i = 0; i < kOpClasses; ++i) {
      out.by_class[i].measured += measured[i];
      out.by_class[i].modelled += predicted.ns[i] * 1e-9;
    }
    for (std::size_t i = 0; i < kAnswered; ++i) out.answered[i] += predicted.answered[i];
    ++out.steps;
    out.seconds.measured += step.measured;
    out.seconds.modelled += step.modelled;
    errors.push_back(std::abs(step.error()));
  }
  const double middle = 50;
  if (!errors.empty()) {
    out.median_absolute_error = percentiles(errors, std::span(&middle, 1)).front();
  }
  return out;
}

std::vector<MetricResidual> metric_residuals(const Summary& measured, const Summary& modelled) {
  std::vector<MetricResidual> out;
  const auto add = [&](const auto& metric, const char* statistic, std::optional<double> of,
                       std::optional<double> by) {
    if (of && by) out.push_back({metric.id, metric.unit, statistic, {*of, *by}});
  };
  for (const char* id : {"ttft", "tpot", "e2e"}) {
    const DistributionMetric *of = distribution(measured, id), *by = distribution(modelled, id);
    if (of == nullptr || by == nullptr) continue;
    add(*of, "mean", of->mean, by->mean);
    add(*of, "p50", median_of(*of), median_of(*by));
  }
  for (const char* id : {"request_throughput", "output_throughput"}) {
    const ScalarMetric *of = rate_of_run(measured, id), *by = rate_of_run(modelled, id);
    if (of != nullptr && by != nullptr) add(*of, "", of->value, by->value);
  }
  return out;
}

}  // namespace inferbench
