#include "kernels/machine/probes.hpp"

#include <gtest/gtest.h>

#include <array>
#include <numeric>
#include <set>

#include "kernels/machine/memory_traffic.hpp"

namespace inferbench {
namespace {

TEST(MachineProbes, RunOrSayWhyNot) {
  std::set<std::string> names;
  for (const MachineProbe& probe : machine_probes()) {
    EXPECT_TRUE(names.insert(probe.name).second) << probe.name;
    EXPECT_EQ(probe.run == nullptr, !probe.reason.empty()) << probe.name;
    if (!probe.run) continue;
    EXPECT_GT(probe.work, 0) << probe.name;
    if (probe.name.find("_memory") == std::string::npos) probe.run();
  }
  for (const char* name : {"fma_fp32_portable", "read_l1", "read_memory", "triad_memory"}) {
    EXPECT_TRUE(names.contains(name)) << name;
  }
}

TEST(MemoryTraffic, TouchesEveryElementOnce) {
  constexpr std::size_t n = 3 * kTrafficStep;
  alignas(64) static std::array<double, n> a, b, c;
  std::iota(b.begin(), b.end(), 1.0);
  std::iota(c.begin(), c.end(), 5.0);
  EXPECT_EQ(read_sum(b.data(), n), static_cast<double>(n * (n + 1) / 2));
  for (const auto read : {read_sum_1_stream, read_sum_2_streams, read_sum_4_streams}) {
    EXPECT_EQ(read(b.data(), n), static_cast<double>(n * (n + 1) / 2));
  }
  copy_streams(a.data(), b.data(), n);
  EXPECT_EQ(a, b);
  triad_streams(a.data(), b.data(), c.data(), 2.0, n);
  for (std::size_t i = 0; i < n; ++i) EXPECT_EQ(a[i], b[i] + 2 * c[i]);
}

}  // namespace
}  // namespace inferbench
