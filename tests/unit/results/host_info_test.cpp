#include "results/host_info.hpp"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "sample_run.hpp"

namespace inferbench {
namespace {

void put(const std::string& path, const std::string& text) {
  std::filesystem::create_directories(std::filesystem::path(path).parent_path());
  std::ofstream(path) << text;
}

std::string logical_cpu(int number, int socket, int core) {
  return "processor\t: " + std::to_string(number) +
         "\nmodel name\t: Example CPU @ 2.50GHz\nmicrocode\t: 0x2b\nphysical id\t: " +
         std::to_string(socket) + "\ncore id\t\t: " + std::to_string(core) +
         "\nflags\t\t: fpu sse hypervisor avx2\n\n";
}

// Two sockets of one core with two threads each.
TEST(HostInfo, CountsSocketsCoresAndThreads) {
  const std::string root = scratch("root");
  put(root + "/proc/cpuinfo",
      logical_cpu(0, 0, 0) + logical_cpu(1, 1, 0) + logical_cpu(2, 0, 0) + logical_cpu(3, 1, 0));
  const HostInfo host = read_host_info(root);
  EXPECT_EQ(host.cpu, "Example CPU @ 2.50GHz");
  EXPECT_EQ(host.microcode, "0x2b");
  EXPECT_EQ(host.sockets, 2);
  EXPECT_EQ(host.physical_cores, 2);
  EXPECT_EQ(host.logical_cpus, 4);
  EXPECT_EQ(host.virtual_machine, true);
}

TEST(HostInfo, ReadsCachesMemoryGovernorAndDistribution) {
  const std::string root = scratch("root");
  const std::string cpu0 = root + "/sys/devices/system/cpu/cpu0";
  put(cpu0 + "/cache/index0/level", "1\n");
  put(cpu0 + "/cache/index0/type", "Data\n");
  put(cpu0 + "/cache/index0/size", "32K\n");
  put(cpu0 + "/cache/index1/level", "3\n");
  put(cpu0 + "/cache/index1/type", "Unified\n");
  put(cpu0 + "/cache/index1/size", "8M\n");
  put(cpu0 + "/cpufreq/scaling_governor", "performance\n");
  put(root + "/proc/meminfo", "MemTotal:        8000000 kB\nMemFree: 1 kB\n");
  put(root + "/proc/loadavg", "0.50 1.25 2.00 1/234 5678\n");
  put(root + "/etc/os-release", "NAME=x\nPRETTY_NAME=\"Debian GNU/Linux 12 (bookworm)\"\n");
  put(root + "/sys/fs/cgroup/cpu.max", "100000 100000\n");
  const HostInfo host = read_host_info(root);
  ASSERT_EQ(host.caches.size(), 2U);
  EXPECT_EQ(host.caches[0].bytes, 32U * 1024);
  EXPECT_EQ(host.caches[1].level, 3);
  EXPECT_EQ(host.caches[1].bytes, 8U * 1024 * 1024);
  EXPECT_EQ(host.governor, "performance");
  EXPECT_EQ(host.memory_bytes, 8000000ULL * 1024);
  EXPECT_EQ(host.load_average, "0.50 1.25 2.00");
  EXPECT_EQ(host.distribution, "Debian GNU/Linux 12 (bookworm)");
  EXPECT_EQ(host.allowed_cpus, 1);  // the quota of one CPU
}

TEST(HostInfo, LeavesEmptyWhatCannotBeRead) {
  const HostInfo host = read_host_info(scratch("nothing-here"));
  EXPECT_EQ(host.cpu, "");
  EXPECT_EQ(host.logical_cpus, 0);
  EXPECT_FALSE(host.virtual_machine.has_value());
  EXPECT_TRUE(host.caches.empty());
}

TEST(HostSettings, AreReadAsTheKernelTellsThem) {
  const std::string root = scratch("root"), cpu = root + "/sys/devices/system/cpu";
  put(cpu + "/intel_pstate/no_turbo", "1\n");
  put(cpu + "/smt/active", "1\n");
  put(cpu + "/cpu0/cpuidle/state0/name", "POLL\n");
  put(cpu + "/cpu0/cpuidle/state1/name", "C1\n");
  put(cpu + "/cpu0/cpuidle/state2/name", "C6\n");
  put(cpu + "/cpu0/cpuidle/state2/disable", "1\n");
  put(cpu + "/vulnerabilities/spectre_v2", "Mitigation: Retpolines\n");
  put(cpu + "/vulnerabilities/tsx_async_abort", "Not affected\n");
  put(root + "/sys/kernel/mm/transparent_hugepage/enabled", "always [madvise] never\n");
  put(root + "/proc/cpuinfo", "processor : 0\nflags : fpu avx2 avx hypervisor\n");
  put(root + "/proc/meminfo", "SwapTotal: 2 kB\nSwapFree: 1 kB\n");
  put(root + "/proc/stat", "cpu  1 2 3 4 5 6 7 88 9 10\ncpu0 1 2 3\n");
  put(root + "/proc/pressure/cpu", "some avg10=1.25 avg60=0.50 avg300=0.10 total=1\n");
  const HostTexts settings = read_host_settings(root);
  EXPECT_EQ(settings.at("turbo"), "off");
  EXPECT_EQ(settings.at("smt"), "on");
  EXPECT_EQ(settings.at("deepest_idle_state"), "C1");
  EXPECT_EQ(settings.at("mitigation_spectre_v2"), "Mitigation: Retpolines");
  EXPECT_FALSE(settings.contains("mitigation_tsx_async_abort"));
  EXPECT_EQ(settings.at("transparent_hugepages"), "madvise");
  EXPECT_EQ(settings.at("isa"), "avx avx2");
  EXPECT_FALSE(settings.contains("clocksource"));
  const HostTexts state = read_host_state(root);
  EXPECT_EQ(state.at("steal_ticks"), "88");
  EXPECT_EQ(state.at("cpu_pressure_10s"), "1.25");
  EXPECT_EQ(state.at("swap_used_bytes"), "1024");
  EXPECT_TRUE(read_host_state(root + "/nothing").empty());
}

// Only allowed names; no folder of a path, no device's UUID.
TEST(HostSettings, VariablesHoldNothingOfTheirOwner) {
  const char* const environment[] = {"HOME=/home/ann",
                                     "OMP_NUM_THREADS=2",
                                     "LD_PRELOAD=/home/ann/libtrick.so",
                                     "CUDA_VISIBLE_DEVICES=GPU-8f2a",
                                     "SECRET_TOKEN=abc",
                                     "NCCL_ALGO=Ring",
                                     "broken",
                                     nullptr};
  const HostTexts variables = allowed_variables(environment);
  ASSERT_EQ(variables.size(), 4U);
  EXPECT_EQ(variables.at("OMP_NUM_THREADS"), "2");
  EXPECT_EQ(variables.at("LD_PRELOAD"), "libtrick.so");
  EXPECT_TRUE(variables.at("CUDA_VISIBLE_DEVICES").starts_with("sha256:"));
  EXPECT_EQ(variables.at("NCCL_ALGO"), "Ring");
}

TEST(HostInfo, HashesTheHostName) {
  EXPECT_EQ(read_host_info().name_hash.size(), 16U);
}

}  // namespace
}  // namespace inferbench
