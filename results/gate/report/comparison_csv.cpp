#include <cstdio>

#include "harness/base/text_table.hpp"
#include "results/gate/report/comparison_report.hpp"

namespace inferbench {
namespace {

std::string number(double value) {
  char text[32];
  std::snprintf(text, sizeof text, "%.9g", value);
  return text;
}

std::string bound(const std::optional<Interval>& interval, double Interval::*side) {
  return interval ? number((*interval).*side) : "";
}

}  // namespace

std::string comparison_csv(const GateComparison& comparison) {
  TextTable table({"series", "verdict", "kind", "baseline", "candidate", "unit", "change",
                   "change_low", "change_high", "blocks", "flags"});
  for (const SeriesResult& series : comparison.series) {
    std::string flags;
    for (const std::string& flag : series.flags) flags += (flags.empty() ? "" : " ") + flag;
    const bool timed = !series.blocks.empty();
    table.add({series.name, std::string(name(series.verdict)), "timed",
               timed ? number(series.baseline_ns()) : "",
               timed ? number(series.candidate_ns()) : "", "ns",
               series.change ? number(series.change->change) : "",
               series.change ? bound(series.change->interval, &Interval::low) : "",
               series.change ? bound(series.change->interval, &Interval::high) : "",
               std::to_string(series.blocks.size()), flags});
  }
  for (const ExactResult& exact : comparison.exact) {
    table.add({exact.name, std::string(name(exact.verdict())), "exact",
               std::to_string(exact.baseline), std::to_string(exact.candidate), "", "", "", "", "",
               ""});
  }
  return table.csv();
}

}  // namespace inferbench
