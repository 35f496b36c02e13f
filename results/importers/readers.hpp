#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "results/importers/stored_run.hpp"

namespace inferbench {

// A file of another tool before it is known whose it is.
struct ForeignFile {
  const std::string& place;            // its path, for messages
  const std::string& text;             // as it is
  const nlohmann::ordered_json& json;  // of it, NaN and Infinity as null; discarded: not JSON
};

// One tool's result files. A reader takes what two runs can be compared by, in the tool's own words
// and units: series, what they depend on, where it ran. It throws Error for a damaged file; what
// has no usable number becomes `absent` with the reason.
struct FileReader {
  std::string_view format;  // "Google Benchmark"
  bool (*recognises)(const ForeignFile& file);
  StoredRun (*read)(const ForeignFile& file);
};

// In the order in which they are asked.
const std::vector<FileReader>& file_readers();

// Google Benchmark's JSON, versions 1.5 to 1.9: real time per iteration of each benchmark, in
// nanoseconds; of several repetitions their median, with its interval. Aggregates are left out,
// they are of the same repetitions; what ended in an error or was skipped is absent with its
// message. Source: google/benchmark, src/json_reporter.cc.
extern const FileReader kGoogleBenchmarkReader;

// NVBench's JSON: per state the mean GPU time of cold and of batched runs in seconds, bytes and
// items per second. Numbers of 64 bits are text there. Skipped states are absent with their reason.
// Source: NVIDIA/nvbench, nvbench/json_printer.cu.
extern const FileReader kNvbenchReader;

// `vllm bench serve --save-result`: latencies in ms, throughputs. A latency of 0 is one without a
// sample. Source: vllm/benchmarks/serve.py.
extern const FileReader kVllmReader;

// AIPerf's profile_export_aiperf.json: every metric's avg and percentiles in its own unit.
// Source: ai-dynamo/aiperf, JsonExportData.
extern const FileReader kAiperfReader;

// InferenceX rows, one (agg_*.json) or many (agg_bmk.json): latencies in s, rates per GPU, energy.
// Each series carries its row's configuration in its name, as their database keys rows.
// Source: SemiAnalysisAI/InferenceX, utils/process_result.py.
extern const FileReader kInferencexReader;

// github-action-benchmark's custom array. The file does not say which direction is better: only
// entries that `inferbench export` wrote tell it (in "extra"), others are absent.
// Source: benchmark-action/github-action-benchmark, README, "customSmallerIsBetter".
extern const FileReader kGithubActionReader;

// Bencher Metric Format: benchmark, measure, value with bounds. Units and directions stand in the
// measure's name: Bencher's own `latency` (ns) and `throughput` (operations/s), or a unit at the
// end ("ttft_p50_ms"). Others are absent.
// Source: bencher.dev, "Bencher Metric Format (BMF)".
extern const FileReader kBencherReader;

// OpenMetrics or Prometheus text: gauges and quantiles of summaries whose name ends in _seconds or
// _per_second. Source: OpenMetrics 1.0.0, section 5.
extern const FileReader kOpenMetricsReader;

}  // namespace inferbench
