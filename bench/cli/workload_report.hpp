#pragma once

#include <string>

#include "workloads/request_source.hpp"
#include "workloads/workload_stats.hpp"

namespace inferbench {

// What `inferbench workload describe` prints: a table, the notes, and histograms of both lengths.
std::string workload_report(const WorkloadInfo& info, const WorkloadStats& stats);

// The same as JSON, keys with their units; what could not be computed is absent.
std::string workload_report_json(const WorkloadInfo& info, const WorkloadStats& stats);

// Lengths by powers of two, one bar a row.
std::string length_histogram(const LengthCountsOf& lengths);

}  // namespace inferbench
