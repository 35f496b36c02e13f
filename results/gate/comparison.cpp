#include "results/gate/comparison.hpp"

#include <algorithm>
#include <cmath>

#include "harness/base/text_table.hpp"
#include "harness/stats/percentile.hpp"

namespace inferbench {
namespace {

double median_of_blocks(const std::vector<GateBlock>& blocks, double GateBlock::*side) {
  if (blocks.empty()) return 0;
  std::vector<double> values;
  values.reserve(blocks.size());
  for (const GateBlock& block : blocks) values.push_back(block.*side);
  const double middle = 50;
  return percentiles(values, std::span(&middle, 1)).front();
}

// The regression that weighs most, exact ones before all.
std::string worst_text(const GateComparison& comparison) {
  for (const ExactResult& exact : comparison.exact) {
    if (exact.verdict() != SeriesVerdict::regression) continue;
    return exact.name + " " + std::to_string(exact.baseline) + " -> " +
           std::to_string(exact.candidate);
  }
  const SeriesResult* worst = nullptr;
  for (const SeriesResult& series : comparison.series) {
    if (series.verdict != SeriesVerdict::regression) continue;
    if (worst == nullptr || series.change->change > worst->change->change) worst = &series;
  }
  return worst == nullptr ? "" : worst->name + " " + change_text(worst->change->change);
}

}  // namespace

double SeriesResult::baseline_ns() const {
  return median_of_blocks(blocks, &GateBlock::baseline_ns);
}

double SeriesResult::candidate_ns() const {
  return median_of_blocks(blocks, &GateBlock::candidate_ns);
}

SeriesVerdict ExactResult::verdict() const {
  const double change = static_cast<double>(candidate) - static_cast<double>(baseline);
  if (std::abs(change) <= tolerance * std::abs(static_cast<double>(baseline))) {
    return SeriesVerdict::pass;
  }
  if (candidate > baseline) return SeriesVerdict::regression;
  return candidate < baseline ? SeriesVerdict::improvement : SeriesVerdict::pass;
}

std::size_t GateComparison::count(SeriesVerdict verdict) const {
  const auto timed = std::count_if(series.begin(), series.end(),
                                   [&](const SeriesResult& s) { return s.verdict == verdict; });
  const auto counted = std::count_if(exact.begin(), exact.end(),
                                     [&](const ExactResult& e) { return e.verdict() == verdict; });
  return static_cast<std::size_t>(timed + counted);
}

GateVerdict verdict(const GateComparison& comparison) {
  if (!comparison.invalid.empty()) return GateVerdict::invalid;
  if (comparison.count(SeriesVerdict::regression) > 0) return GateVerdict::regression;
  if (comparison.count(SeriesVerdict::inconclusive) > 0) return GateVerdict::inconclusive;
  return GateVerdict::pass;
}

std::string_view name(GateVerdict verdict) {
  switch (verdict) {
    case GateVerdict::pass:
      return "pass";
    case GateVerdict::regression:
      return "regression";
    case GateVerdict::inconclusive:
      return "inconclusive";
    case GateVerdict::invalid:
      break;
  }
  return "invalid";
}

ExitCode exit_code(const GateComparison& comparison, bool strict) {
  return exit_code(verdict(comparison), strict);
}

ExitCode exit_code(GateVerdict verdict, bool strict) {
  switch (verdict) {
    case GateVerdict::regression:
      return ExitCode::regression;
    case GateVerdict::invalid:
      return ExitCode::invalid_comparison;
    case GateVerdict::inconclusive:
      return strict ? ExitCode::inconclusive : ExitCode::done;
    case GateVerdict::pass:
      break;
  }
  return ExitCode::done;
}

std::string change_text(double change) {
  const std::string text = fixed(100 * change, 1);
  if (text == "-0.0" || text == "0.0") return "0.0 %";
  return (change > 0 ? "+" : "") + text + " %";
}

std::string verdict_sentence(const GateComparison& comparison) {
  const std::size_t all = comparison.series.size() + comparison.exact.size();
  if (!comparison.invalid.empty()) return "INVALID: " + comparison.invalid.front();
  const std::size_t slower = comparison.count(SeriesVerdict::regression);
  const std::size_t open = comparison.count(SeriesVerdict::inconclusive);
  const std::size_t faster = comparison.count(SeriesVerdict::improvement);
  std::string text = slower > 0 ? "REGRESSION: " : open > 0 ? "INCONCLUSIVE: " : "PASS: ";
  text += std::to_string(slower) + " of " + std::to_string(all) + " series regressed";
  if (slower > 0) text += " (worst: " + worst_text(comparison) + ")";
  if (open > 0) text += ", " + std::to_string(open) + " inconclusive";
  if (faster > 0) text += ", " + std::to_string(faster) + " improved";
  text += ", " + std::to_string(comparison.count(SeriesVerdict::pass)) + " unchanged";
  return text + "; false-alarm bound " + significant(100 * comparison.rule.alpha) + " %; " +
         human_seconds(seconds(comparison.noise.elapsed).count());
}

}  // namespace inferbench
