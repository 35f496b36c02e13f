#include "results/exporters/latency_keys.hpp"

#include <algorithm>
#include <cmath>

#include "harness/base/error.hpp"
#include "results/json_numbers.hpp"

namespace inferbench {
namespace {

// Fewest samples of which a percentile can be told with 99 % confidence when none may exceed it:
// the smallest n with p^n <= 0.01. LoadGen's early stopping at zero over-latency queries: 44 for
// p90, 459 for p99.
std::size_t samples_needed(double percent) {
  return static_cast<std::size_t>(std::ceil(std::log(0.01) / std::log(percent / 100)));
}

void note_thin_percentiles(const ExportMetric& metric, std::size_t samples,
                           const std::vector<double>& percentiles,
                           std::vector<std::string>& notes) {
  for (const double percent : percentiles) {
    const std::size_t needed = samples_needed(percent);
    if (percent < 50 || samples >= needed) continue;
    notes.push_back(percentile_word(percent) + " of " + std::string(metric.label) + " is of " +
                    std::to_string(samples) + " samples; " + std::to_string(needed) +
                    " are needed for 99 % confidence");
  }
}

}  // namespace

const std::vector<ExportMetric>& export_metrics() {
  static const std::vector<ExportMetric> metrics = {
      {"ttft", "TTFT", "Time to First Token", &ServingFigures::ttft},
      {"tpot", "TPOT", "Time per Output Token (excl. 1st token)", &ServingFigures::tpot},
      {"itl", "ITL", "Inter-token Latency", &ServingFigures::itl},
      {"e2el", "E2EL", "End-to-end Latency", &ServingFigures::e2el},
      {"client_queue_time", "Client Queue Time", "Client-side Queueing",
       &ServingFigures::client_queue},
      {"e2el_including_client_queue", "E2EL incl. Client Queue",
       "Queue-inclusive End-to-end Latency", &ServingFigures::e2el_including_client_queue},
  };
  return metrics;
}

std::vector<ExportMetric> chosen_metrics(const ExportOptions& options) {
  std::vector<std::string> known;
  for (const ExportMetric& metric : export_metrics()) known.emplace_back(metric.key);
  for (const std::string& wanted : options.metrics) {
    if (std::find(known.begin(), known.end(), wanted) == known.end()) {
      throw unknown_name("--percentile-metrics", "metric", wanted, known);
    }
  }
  std::vector<ExportMetric> chosen;
  for (const ExportMetric& metric : export_metrics()) {
    const auto& wanted = options.metrics;
    if (std::find(wanted.begin(), wanted.end(), metric.key) != wanted.end()) {
      chosen.push_back(metric);
    }
  }
  return chosen;
}

std::vector<LatencyFigure> latency_figures(const ServingFigures& figures,
                                           const ExportOptions& options,
                                           std::vector<std::string>& notes) {
  std::vector<LatencyFigure> out;
  for (const ExportMetric& metric : chosen_metrics(options)) {
    const SecondsSamples& samples = figures.*metric.samples;
    const std::string key(metric.key);
    if (samples.empty()) {
      notes.push_back(std::string(metric.label) + " is left out: it has no samples");
      continue;
    }
    out.push_back({key, "mean", samples.mean()});
    out.push_back({key, "median", samples.median()});
    out.push_back({key, "std", samples.stddev()});
    for (const double percent : options.percentiles) {
      out.push_back({key, percentile_word(percent), samples.percentile(percent)});
    }
    note_thin_percentiles(metric, samples.count(), options.percentiles, notes);
  }
  return out;
}

std::string percentile_word(double percentile) {
  return percentile_key(percentile);
}

}  // namespace inferbench
