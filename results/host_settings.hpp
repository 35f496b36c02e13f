#pragma once

#include <map>
#include <string>

namespace inferbench {

using HostTexts = std::map<std::string, std::string>;

// How the machine is set up, where that changes what a program's time is; what cannot be read
// without special rights is left out. Of CPU 0 where CPUs may differ.
//
//   cpu_base_khz, cpu_max_khz, cpufreq_driver, turbo ("on", "off"), smt, deepest_idle_state,
//   isa (of the vector and matrix extensions), numa_nodes, numa_balancing, transparent_hugepages,
//   mitigation_<vulnerability>, hypervisor, clocksource, clock_resolution_ns, perf_event_paranoid,
//   aslr, swap_bytes, cpu_quota, limit_stack_bytes, limit_locked_bytes, limit_open_files
//
// Reads /proc and /sys below `root` ("" on a real machine).
HostTexts read_host_settings(const std::string& root = "");

// What else happened on the machine at this moment: steal_ticks (of all CPUs since boot),
// cpu_pressure_10s (PSI, share of time that something waited), swap_used_bytes, cpu_khz.
HostTexts read_host_state(const std::string& root = "");

// Environment variables that change what programs do, from a list of allowed names (OpenMP, BLAS,
// CUDA, NCCL, malloc). Paths are reduced to file names, device UUIDs to a hash; names of users and
// folders are in none.
HostTexts read_host_variables();

// Of one text of "NAME=value", as above; for tests.
HostTexts allowed_variables(const char* const* environment);

}  // namespace inferbench
