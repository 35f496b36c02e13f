#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>

namespace inferbench {

// The long arrays of a result as tables of the dashboard (docs/dashboard.md); each is an object of
// ColumnTable::json(), by its name.

// "points" of a sweep, "rows" of kernels: one row per element, nested keys as "axes.M".
nlohmann::ordered_json points_table(const nlohmann::ordered_json& points);
nlohmann::ordered_json kernel_rows_table(const nlohmann::ordered_json& rows);

// What the records of a replay say, read line by line, so that their number does not matter:
//
//   ecdf_ttft, ecdf_tpot, ecdf_e2e, ecdf_itl   value_ms, share: that many of the samples are <= it.
//       Thinned to some hundred steps, denser in the tail; each is a step of the whole function.
//       ITL is counted in buckets 0.5 % wide, of which value_ms is the upper edge.
//   requests   one row per request, of at most 20,000 (every k-th)
//   worst      the 25 requests with the longest TTFT, TPOT and E2E latency, with their parts
//
// Latencies are of completed requests, as in the summary. Throws Error as for_each_record does.
nlohmann::ordered_json record_tables(const std::string& path);

// A timeline that `replay --timeline` wrote: "steps", "requests", "kernels" (the first 20,000) and
// "kernel_sums" (all, per name and rank); times in ms since the run began. Throws Error when the
// file is no such timeline.
nlohmann::ordered_json timeline_tables(const std::string& path);

}  // namespace inferbench
