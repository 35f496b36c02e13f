#pragma once

#include "results/exporters/export.hpp"

namespace inferbench {

// Formats of series (a name, a number, a unit): of replays and kernels, without request records.
// Each throws Error for a result without a number, and for sweeps and claims.

// Google Benchmark's JSON of a microbenchmark, see gbench.hpp. Throws Error for a replay.
Export export_google_benchmark(const RunResult& result);

// The custom arrays of github-action-benchmark: [{name, unit, value, range?, extra}]. The direction
// is the tool's name in the workflow, so each array holds the series of one direction; `extra`
// tells it too, with method and version.
// Source: benchmark-action/github-action-benchmark, README.
Export export_github_action_smaller(const RunResult& result);  // customSmallerIsBetter
Export export_github_action_bigger(const RunResult& result);   // customBiggerIsBetter

// Bencher Metric Format: {benchmark: {measure: {value, lower_value?, upper_value?}}}. Kernels are
// benchmarks with Bencher's own `latency` in ns; a replay is one benchmark, a measure per number
// with its unit at the end of the name ("ttft_p50_ms").
// Source: bencher.dev, "Bencher Metric Format (BMF)".
Export export_bencher(const RunResult& result);

// OpenMetrics 1.0.0 text, which the Prometheus text parser reads as well: base units (seconds,
// bytes), distributions as summaries, labels of few values only, `# EOF` at the end.
// Source: prometheus/OpenMetrics, specification/OpenMetrics.md.
Export export_openmetrics(const RunResult& result);

// "replay/llama-3-70b/h100/TP4/azure:code.csv": what the run was of, as far as it is told.
std::string run_label(const RunResult& result);

}  // namespace inferbench
