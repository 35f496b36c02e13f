#pragma once

#include <string>

#include "results/run_result.hpp"

namespace inferbench {

// The rows of a microbenchmark as Google Benchmark's JSON: a context and one entry of run_type
// "iteration" per row, times in ns, rates as counters, what was not timed with error_occurred. For
// dashboards and actions that read that format (github-action-benchmark, Bencher, ...); it has no
// place for raw samples, intervals or validity.
// Source: google/benchmark, src/json_reporter.cc, version 1.7.1.
std::string export_gbench(const RunResult& result);

}  // namespace inferbench
