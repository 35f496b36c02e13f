#include <array>
#include <cstdio>

#include "results/exporters/export.hpp"
#include "results/exporters/latency_keys.hpp"
#include "results/exporters/serving_setup.hpp"

namespace inferbench {
namespace {

constexpr std::size_t kColumns = 50;

// Python's "{s:{c}^50}": what cannot be halved goes to the right.
std::string centred(const std::string& text, char fill) {
  const std::size_t left = (kColumns - text.size()) / 2;
  return std::string(left, fill) + text + std::string(kColumns - text.size() - left, fill) + "\n";
}

// Python's "{:<40} {:<10}": GNU printf rounds as Python does.
std::string line(const std::string& label, const std::string& value) {
  std::array<char, 128> text{};
  std::snprintf(text.data(), text.size(), "%-40s %-10s\n", label.c_str(), value.c_str());
  return text.data();
}

std::string line(const std::string& label, std::int64_t value) {
  return line(label, std::to_string(value));
}

std::string line(const std::string& label, double value) {
  std::array<char, 64> text{};
  std::snprintf(text.data(), text.size(), "%.2f", value);
  return line(label, std::string(text.data()));
}

std::string throughput_lines(const RunResult& result, const ServingFigures& figures,
                             const ServingSetup& setup) {
  std::string out;
  out += line("Successful requests:", static_cast<std::int64_t>(figures.completed));
  out += line("Failed requests:", static_cast<std::int64_t>(figures.failed));
  if (setup.concurrency) out += line("Maximum request concurrency:", *setup.concurrency);
  if (setup.rate_per_s) out += line("Request rate configured (RPS):", *setup.rate_per_s);
  out += line("Benchmark duration (s):", figures.duration_s);
  out += line("Total input tokens:", figures.input_tokens);
  out += line("Total generated tokens:", figures.output_tokens);
  out += line("Request throughput (req/s):", figures.request_throughput());
  if (result.summary) {
    for (const ScalarMetric& metric : result.summary->scalars) {
      if (metric.id == "request_goodput" && metric.value) {
        out += line("Request goodput (req/s):", *metric.value);
      }
    }
  }
  out += line("Output token throughput (tok/s):", figures.output_throughput());
  out += line("Peak output token throughput (tok/s):",
              static_cast<double>(figures.peak_output_tokens_per_s));
  out += line("Peak concurrent requests:", static_cast<double>(figures.peak_concurrent_requests));
  out += line("Total token throughput (tok/s):", figures.total_token_throughput());
  return out;
}

std::string capitalised(std::string word) {
  word[0] = static_cast<char>(word[0] - 'a' + 'A');
  return word;
}

}  // namespace

Export export_vllm_console(const RunResult& result, std::span<const RequestRecord> records,
                           const ExportOptions& options) {
  const ServingFigures figures = serving_figures(records, "export");
  Export out;
  out.text = centred(" Serving Benchmark Result ", '=');
  out.text += throughput_lines(result, figures, serving_setup(result));
  const std::vector<LatencyFigure> latencies = latency_figures(figures, options, out.notes);
  for (const ExportMetric& metric : chosen_metrics(options)) {
    if ((figures.*metric.samples).empty()) continue;
    out.text += centred(std::string(metric.title), '-');
    for (const LatencyFigure& figure : latencies) {
      if (figure.metric != metric.key || figure.statistic == "std") continue;
      out.text += line(capitalised(figure.statistic) + " " + std::string(metric.label) + " (ms):",
                       figure.seconds * 1e3);
    }
  }
  out.text += std::string(kColumns, '=') + "\n";
  return out;
}

}  // namespace inferbench
