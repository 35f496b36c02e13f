#include "results/provenance.hpp"

#include <cstdio>
#include <ctime>
#include <filesystem>

#include "harness/base/error.hpp"
#include "results/command_line.hpp"
#include "results/sha256.hpp"
#include "results/utc_now.hpp"

namespace inferbench {
std::string utc_text(std::int64_t unix_ms) {
  const std::int64_t ms = (unix_ms % 1000 + 1000) % 1000;
  const auto seconds = static_cast<std::time_t>((unix_ms - ms) / 1000);
  std::tm utc{};
  gmtime_r(&seconds, &utc);
  char text[64];
  std::snprintf(text, sizeof text, "%04d-%02d-%02dT%02d:%02d:%02d.%03dZ", utc.tm_year + 1900,
                utc.tm_mon + 1, utc.tm_mday, utc.tm_hour, utc.tm_min, utc.tm_sec,
                static_cast<int>(ms));
  return text;
}

Provenance start_provenance(std::uint64_t seed) {
  Provenance provenance;
  provenance.build = build_stamp();
  for (const std::string& argument : process_command_line()) {
    provenance.command_line.push_back(without_paths(argument));
  }
  provenance.started_utc = utc_now();
  provenance.seed = seed;
  provenance.host = read_host_info();
  return provenance;
}

void finish(Provenance& provenance) {
  provenance.finished_utc = utc_now();
  if (provenance.host) provenance.host->state_at_end = read_host_state();
}

void add_input(Provenance& provenance, const std::string& role, const std::string& path) {
  std::string hash = sha256_of_file(path);  // throws before anything is added
  std::error_code unknown;
  const std::uintmax_t bytes = std::filesystem::file_size(path, unknown);
  provenance.inputs.push_back({.role = role,
                               .name = std::filesystem::path(path).filename().string(),
                               .bytes = unknown ? 0 : static_cast<std::uint64_t>(bytes),
                               .sha256 = std::move(hash)});
}

}  // namespace inferbench
