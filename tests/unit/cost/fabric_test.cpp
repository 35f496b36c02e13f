#include "harness/cost/fabric.hpp"

#include <gtest/gtest.h>

#include "harness/catalog/catalog.hpp"

namespace inferbench {
namespace {

// Round numbers: 100 GB/s inside a domain of 8, 10 GB/s across; 1 us and 10 us of latency.
HardwareSpec round_gpu() {
  HardwareSpec gpu;
  gpu.name = "round", gpu.link = "link", gpu.domain_size = 8;
  gpu.scale_up = BytesPerSecond(100e9), gpu.scale_out = BytesPerSecond(10e9);
  return gpu;
}

OpsParameters round_parameters() {
  OpsParameters p;
  p.scale_up.efficiency = p.scale_out.efficiency = 1;
  p.scale_up.latency = Seconds(1e-6), p.scale_out.latency = Seconds(10e-6);
  return p;
}

CollectiveCost cost(const Fabric& fabric, Collective kind, double bytes, std::int64_t size,
                    std::int64_t stride = 1) {
  ParallelConfig parallel{.tp = size};
  if (stride > 1) parallel = {.tp = stride, .ep = size};
  const Placement placed = placement(parallel, 8);
  return fabric.collective(kind, Bytes(bytes), stride > 1 ? placed.expert : placed.tensor);
}

// 80 MB over 8 ranks: each sends 2 * 7/8 * 80 = 140 MB at 100 GB/s: 1,400 us, and 1 us.
TEST(Fabric, RingAllReduceInsideADomain) {
  const CollectiveCost c =
      cost(Fabric(round_gpu(), round_parameters()), Collective::all_reduce, 80e6, 8);
  EXPECT_NEAR(c.time().count() * 1e6, 1401, 1e-6);
  EXPECT_EQ(c.wire_up.count(), 140e6);
  EXPECT_EQ(c.wire_out.count(), 0);
}

// 16 ranks in 2 domains of 8: reduce-scatter and gather 2 * 70 MB inside (1,400 us + 2 us), then
// each rank all-reduces its 10 MB with its twin: 2 * 1/2 * 10 MB at 10 GB/s: 1,000 us + 10 us.
TEST(Fabric, HierarchicalAllReduceSendsEachByteAcrossOnce) {
  const CollectiveCost c =
      cost(Fabric(round_gpu(), round_parameters()), Collective::all_reduce, 80e6, 16);
  EXPECT_NEAR(c.scale_up.count() * 1e6, 1402, 1e-6);
  EXPECT_NEAR(c.scale_out.count() * 1e6, 1010, 1e-6);
  EXPECT_EQ(c.wire_out.count(), 10e6);
}

// 16 EP ranks, two GPUs apart: four per domain. Of 160 MB, 12/16 leave at 10 GB/s: 12,000 us; the
// 3/16 inside finish meanwhile.
TEST(Fabric, AllToAllAcrossDomainsIsBoundByTheSlowTier) {
  const CollectiveCost c =
      cost(Fabric(round_gpu(), round_parameters()), Collective::all_to_all, 160e6, 16, 2);
  EXPECT_NEAR(c.scale_out.count() * 1e6, 12010, 1e-6);
  EXPECT_EQ(c.scale_up.count(), 0);
  EXPECT_EQ(c.wire_up.count(), 30e6);
  EXPECT_EQ(c.wire_out.count(), 120e6);
}

TEST(Fabric, SmallAllReducesGoOneShotAndLargeOnesThroughTheSwitch) {
  HardwareSpec gpu = find_gpu("h100");
  OpsParameters p = std::get<OpsParameters>(find_cost_profile("default").parameters);
  const Fabric fabric(gpu, p);
  // 16 kB over 8 GPUs: measured 3.6 us (TensorRT-LLM) and 5.3 us (vLLM).
  EXPECT_NEAR(cost(fabric, Collective::all_reduce, 16384, 8).time().count() * 1e6, 4.5, 1.0);
  // 537 MB: measured 2,111 us by NCCL with NVLS.
  EXPECT_NEAR(cost(fabric, Collective::all_reduce, 536870912, 8).time().count() * 1e6, 2111, 110);
  // An all-gather of 537 MB: measured 1,402 us.
  EXPECT_NEAR(cost(fabric, Collective::all_gather, 536870912, 8).time().count() * 1e6, 1402, 70);
  EXPECT_TRUE(reduces_in_network(gpu));
  EXPECT_FALSE(reduces_in_network(find_gpu("a100")));
}

TEST(Fabric, APairOnAFullMeshSeesOneLink) {
  HardwareSpec gpu = round_gpu();
  const Placement pair = placement({.tp = 1, .pp = 2}, 8);
  const Fabric through_switch(gpu, round_parameters());
  gpu.full_mesh = true;
  const Fabric mesh(gpu, round_parameters());
  EXPECT_NEAR(mesh.hop(Bytes(7e6), pair.pipeline).time().count(),
              7 * through_switch.hop(Bytes(7e6), pair.pipeline).time().count(), 1e-9);
}

}  // namespace
}  // namespace inferbench
