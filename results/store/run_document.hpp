#pragma once

#include <string>

#include "results/store/entry.hpp"

namespace inferbench {

// What the person who adds a result says of it; empty: what the file says.
struct RunLabels {
  std::string suite{};     // "nightly chat"
  std::string commit{};    // of the program that was measured
  std::string time_utc{};  // RFC 3339, or a date; needed of files that do not tell
  std::string hardware{};  // what absolute times may be compared within
};

// The entry of a file that can be followed over runs:
//
//   `compare --json`            per series the ratio to the baseline, which is the anchor, with its
//                               interval, and the candidate's time; exact numbers as they are
//   `bench --json`              median of each row that was timed, with its interval
//   `replay --json`             every percentile, mean and rate that has a direction
//   `sweep`, `find-max --json`  tokens/s/GPU of the best point of each configuration; highest load
//   Google Benchmark's JSON     median real time per benchmark
//
// `name` is the file's name without folders. Throws Error for what is none of these, is damaged, of
// a newer version, has no number, or does not say when it was made and is not told either.
RunEntry read_run_document(const std::string& text, const std::string& name,
                           const RunLabels& labels = {});

// "2026-11-21", "2026-11-21T09:30Z", "2026-11-21T10:30:00.5+01:00" as RFC 3339 in UTC with
// milliseconds. Throws Error naming `place`.
std::string parse_utc(const std::string& text, const std::string& place);

}  // namespace inferbench
