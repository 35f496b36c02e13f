#pragma once

#include <span>
#include <string>
#include <utility>
#include <vector>

#include "results/request_records.hpp"
#include "results/run_result.hpp"

namespace inferbench {

struct ExportOptions {
  std::vector<std::string> metrics = {"ttft", "tpot", "itl", "e2el"};  // of kExportMetrics
  std::vector<double> percentiles = {99};                              // each above 0, below 100
  bool detailed = false;  // vLLM: also the arrays with one element per request
  std::vector<std::pair<std::string, std::string>> metadata;  // top-level keys to add or replace
};

// Another tool's view of a run, and what a reader of it should know that its format cannot say.
struct Export {
  std::string text;
  std::vector<std::string> notes;
};

// `records` are all requests of the run, sorted by id; each function throws Error when none
// completed.

// The JSON file of `vllm bench serve --save-result` (one line): milliseconds in keys that end in
// _ms, seconds everywhere else. Latencies start where the request is sent.
// Source: vllm/benchmarks/serve.py.
Export export_vllm(const RunResult& result, std::span<const RequestRecord> records,
                   const ExportOptions& options);

// The block that `vllm bench serve` prints: 50 columns, one figure per line, two decimals.
Export export_vllm_console(const RunResult& result, std::span<const RequestRecord> records,
                           const ExportOptions& options);

// One InferenceX aggregate row (agg_*.json): latencies in seconds, `tput_per_gpu` counts input and
// output tokens. "intvty" is 1 / TPOT of the same statistic, so p99_intvty is the slow tail.
// std_intvty, which InferenceX computes as 1 / std(TPOT), means nothing and is left out.
// Source: SemiAnalysisAI/InferenceX, utils/process_result.py.
Export export_inferencex(const RunResult& result, std::span<const RequestRecord> records,
                         const ExportOptions& options);

// AIPerf's profile_export_aiperf.json, schema 1.5: each metric with unit, avg, min, max, p1 to p99
// and std, latencies in ms from where the request is sent. AIPerf's "inter_token_latency" is our
// TPOT, its "inter_chunk_latency" our ITL. Of `options` only the metadata count.
// Source: ai-dynamo/aiperf, docs/metrics-reference.md.
Export export_aiperf(const RunResult& result, std::span<const RequestRecord> records,
                     const ExportOptions& options);

}  // namespace inferbench
