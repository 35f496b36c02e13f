#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "results/host_settings.hpp"

namespace inferbench {

struct CacheInfo {
  int level = 0;
  std::string type;  // "Data", "Instruction", "Unified"
  std::uint64_t bytes = 0;
};

// The machine a run was made on: what can be read without special rights; what cannot is empty.
struct HostInfo {
  std::string name_hash;  // first 16 hex digits of SHA-256 of the host name, never the name
  std::string cpu;        // model name
  std::string microcode, governor, kernel, distribution, glibc, architecture;
  int sockets = 0, physical_cores = 0, logical_cpus = 0;
  int allowed_cpus = 0;  // after affinity and container limits
  std::optional<bool> virtual_machine;
  std::uint64_t memory_bytes = 0;
  std::vector<CacheInfo> caches;  // of CPU 0
  std::string load_average;       // 1, 5 and 15 minutes at the start
  HostTexts settings, variables;  // results/host_settings.hpp
  HostTexts state, state_at_end;  // at the start; at the end, by finish(Provenance&)
};

// Reads /proc, /sys and /etc below `root` ("" on a real machine; a folder of samples in tests).
HostInfo read_host_info(const std::string& root = "");

}  // namespace inferbench
