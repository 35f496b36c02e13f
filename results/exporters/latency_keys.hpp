#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "results/exporters/export.hpp"
#include "results/exporters/serving_figures.hpp"

namespace inferbench {

// One statistic of one latency: {"ttft", "mean", 0.0125}.
struct LatencyFigure {
  std::string metric;     // as in vLLM's keys
  std::string statistic;  // "mean", "median", "std", "p99", "p99.9"
  double seconds = 0;
};

struct ExportMetric {
  std::string_view key;    // "ttft"
  std::string_view label;  // "TTFT"
  std::string_view title;  // "Time to First Token"
  SecondsSamples ServingFigures::*samples;
};

// Every latency that vLLM knows, in its order.
const std::vector<ExportMetric>& export_metrics();

// mean, median, std and the percentiles of each metric asked for. A metric without samples is left
// out with a note, where vLLM prints zeros; a percentile of fewer samples than it needs is kept, as
// the format has no place for its absence, with a note. Throws Error for a metric that vLLM does
// not know.
std::vector<LatencyFigure> latency_figures(const ServingFigures& figures,
                                           const ExportOptions& options,
                                           std::vector<std::string>& notes);

// The metrics asked for, in vLLM's order. Throws Error for an unknown one.
std::vector<ExportMetric> chosen_metrics(const ExportOptions& options);

// "p99", "p99.9" as vLLM spells them.
std::string percentile_word(double percentile);

}  // namespace inferbench
