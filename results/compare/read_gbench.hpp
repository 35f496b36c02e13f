#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>

#include "results/compare/stored_run.hpp"

namespace inferbench {

// Google Benchmark's JSON, versions 1.5 to 1.9: real time per iteration of each benchmark, in
// nanoseconds; of several repetitions their median, with its interval. Aggregates are left out,
// they are of the same repetitions; what ended in an error or was skipped is absent with its
// message. Source: google/benchmark, src/json_reporter.cc.
StoredRun read_gbench(const nlohmann::ordered_json& json, const std::string& place);

}  // namespace inferbench
