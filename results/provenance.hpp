#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "results/build_stamp.hpp"
#include "results/host_info.hpp"

namespace inferbench {

// A file that the run read.
struct InputFile {
  std::string role;  // "workload", "model", "gpu", "profile"
  std::string name;  // without its folder
  std::uint64_t bytes = 0;
  std::string sha256;  // 64 hex digits
};

// Where a result comes from: enough to run it again and to see why two runs differ. Holds no user
// names and no paths.
struct Provenance {
  BuildStamp build;
  std::vector<std::string> command_line;  // paths reduced to file names
  std::string started_utc, finished_utc;  // RFC 3339 with milliseconds: "2026-11-21T09:30:00.000Z"
  std::uint64_t seed = 0;
  std::optional<HostInfo> host;
  std::vector<InputFile> inputs;
  std::string records_file;  // name of the per-request records beside the result; empty: none
};

// The state at the start of a run: build, this process's command line, clock, host.
Provenance start_provenance(std::uint64_t seed);

// Stamps the end.
void finish(Provenance& provenance);

// Adds the file at `path` with its size and hash. Throws Error when it cannot be read.
void add_input(Provenance& provenance, const std::string& role, const std::string& path);

// Milliseconds since 1970 as RFC 3339 UTC.
std::string utc_text(std::int64_t unix_ms);

}  // namespace inferbench
