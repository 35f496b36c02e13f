#include "bench/cli/comparison_report.hpp"

#include <nlohmann/json.hpp>

#include "harness/base/text_table.hpp"

namespace inferbench {
namespace {

using nlohmann::ordered_json;

std::string signed_percent(double share, bool sign) {
  return (sign && share >= 0 ? "+" : "") + fixed(100 * share, 1) + " %";
}

double total_of(const AnsweredTimes& answered) {
  double sum = 0;
  for (const double ns : answered) sum += ns;
  return sum;
}

// "93.1 % measured, 6.9 % interpolated"
std::string shares_text(const AnsweredTimes& answered) {
  const double sum = total_of(answered);
  std::string text;
  for (std::size_t i = 0; i < kAnswered; ++i) {
    if (answered[i] <= 0) continue;
    text += text.empty() ? "" : ", ";
    text += signed_percent(answered[i] / sum, false) + " " +
            std::string(name(static_cast<Answered>(i)));
  }
  return text.empty() ? "none" : text;
}

ordered_json shares_json(const AnsweredTimes& answered) {
  const double sum = total_of(answered);
  ordered_json out = ordered_json::object();
  for (std::size_t i = 0; i < kAnswered; ++i) {
    out[std::string(name(static_cast<Answered>(i)))] = sum > 0 ? answered[i] / sum : 0;
  }
  return out;
}

ordered_json residual_json(const Residual& residual, const std::string& unit) {
  return {{"measured_" + unit, residual.measured},
          {"modelled_" + unit, residual.modelled},
          {"error", residual.error()}};
}

std::string metric_name(const MetricResidual& metric) {
  return metric.id + (metric.statistic.empty() ? "" : " " + metric.statistic) + ", " + metric.unit;
}

void add_row(TextTable& table, const std::string& what, const Residual& residual) {
  table.add({what, significant(residual.measured, 4), significant(residual.modelled, 4),
             signed_percent(residual.error(), true)});
}

}  // namespace

std::string comparison_report(const ModelComparison& comparison) {
  const StepResiduals& steps = comparison.steps;
  TextTable table({"measured beside modelled", "measured-host", "modelled", "error"});
  for (const MetricResidual& metric : comparison.metrics) {
    add_row(table, metric_name(metric), metric.residual);
  }
  add_row(table, "same steps, s", steps.seconds);
  for (std::size_t i = 0; i < steps.by_class.size(); ++i) {
    const Residual& residual = steps.by_class[i];
    if (residual.measured == 0 && residual.modelled == 0) continue;
    add_row(table, "  " + std::string(name(static_cast<OpClass>(i))) + ", s", residual);
  }
  std::string text = "\n" + table.str() + "Modelled by: " + comparison.basis +
                     ". TTFT to throughput are of the same workload served in modelled time, the "
                     "rest of the steps that ran.\nOf the modelled time " +
                     shares_text(comparison.answered) + ". A step is off by " +
                     signed_percent(steps.median_absolute_error, false) + " (median of " +
                     with_commas(static_cast<long long>(steps.steps)) + ").\n";
  for (const std::string& note : comparison.notes) text += "note: " + note + "\n";
  return text;
}

ordered_json comparison_json(const ModelComparison& comparison) {
  const StepResiduals& steps = comparison.steps;
  ordered_json out = {{"basis", comparison.basis}};
  out["metrics"] = ordered_json::array();
  for (const MetricResidual& metric : comparison.metrics) {
    ordered_json entry = {{"id", metric.id}, {"unit", metric.unit}};
    if (!metric.statistic.empty()) entry["statistic"] = metric.statistic;
    entry["measured"] = metric.residual.measured;
    entry["modelled"] = metric.residual.modelled;
    entry["error"] = metric.residual.error();
    out["metrics"].push_back(std::move(entry));
  }
  out["run_answered"] = shares_json(comparison.answered);
  ordered_json same = {{"count", steps.steps},
                       {"median_absolute_error", steps.median_absolute_error},
                       {"all", residual_json(steps.seconds, "s")}};
  for (std::size_t i = 0; i < steps.by_class.size(); ++i) {
    same[std::string(name(static_cast<OpClass>(i)))] = residual_json(steps.by_class[i], "s");
  }
  same["answered"] = shares_json(steps.answered);
  out["same_steps"] = std::move(same);
  if (!comparison.notes.empty()) out["notes"] = comparison.notes;
  return out;
}

}  // namespace inferbench
