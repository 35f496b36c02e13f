// Labels are computed: when the world changes, they do.
#include <gtest/gtest.h>

#include <functional>

#include "harness/claims/rows.hpp"

namespace inferbench {
namespace {

Label label_in(const World& world, const std::string& name) {
  return run_scenario(select_scenarios({name}).front(), world).label;
}

World with_gpus(const std::function<void(HardwareSpec&)>& change) {
  World world = shipped_world();
  const auto gpu = world.gpu;
  world.gpu = [gpu, change](const std::string& name) {
    HardwareSpec spec = gpu(name);
    change(spec);
    return spec;
  };
  return world;
}

World with_models(const std::function<void(ModelSpec&)>& change) {
  World world = shipped_world();
  const auto model = world.model;
  world.model = [model, change](const std::string& name) {
    ModelSpec spec = model(name);
    change(spec);
    return spec;
  };
  return world;
}

World with_claims_profile(const std::function<void(ClaimsParameters&)>& change) {
  World world = shipped_world();
  const auto profile = world.profile;
  world.profile = [profile, change](const std::string& name) {
    CostProfile spec = profile(name);
    if (auto* parameters = std::get_if<ClaimsParameters>(&spec.parameters)) change(*parameters);
    return spec;
  };
  return world;
}

TEST(ClaimsMutation, HalfTheMemoryBandwidthBreaksTheReadTimes) {
  const World slow =
      with_gpus([](HardwareSpec& gpu) { gpu.memory_bandwidth = gpu.memory_bandwidth / 2; });
  EXPECT_EQ(label_in(shipped_world(), "B4"), Label::under_assumptions);
  EXPECT_EQ(label_in(slow, "B4"), Label::does_not);
}

TEST(ClaimsMutation, HalfTheMemoryBreaksTheRecommendedInstances) {
  const World small = with_gpus([](HardwareSpec& gpu) { gpu.memory = gpu.memory / 2; });
  EXPECT_EQ(label_in(shipped_world(), "B8"), Label::reproduces);
  EXPECT_EQ(label_in(small, "B8"), Label::does_not);
  EXPECT_EQ(label_in(shipped_world(), "C3"), Label::reproduces);
  EXPECT_EQ(label_in(small, "C3"), Label::does_not);
}

TEST(ClaimsMutation, DensePeaksTakenForSparseOnesBreakTheSparseTable) {
  const World sparse = with_gpus([](HardwareSpec& gpu) {
    for (auto& [type, rate] : gpu.peaks) rate = rate * 2;
  });
  EXPECT_EQ(label_in(shipped_world(), "C1"), Label::reproduces);
  EXPECT_EQ(label_in(sparse, "C1"), Label::does_not);
  EXPECT_EQ(label_in(sparse, "B1"), Label::does_not);
}

TEST(ClaimsMutation, AsManyKvHeadsAsHeadsLeaveNoRoomForLongPrompts) {
  const World mha = with_models([](ModelSpec& model) { model.kv_heads = model.heads; });
  EXPECT_EQ(label_in(shipped_world(), "A19"), Label::under_assumptions);
  EXPECT_EQ(label_in(mha, "A19"), Label::does_not);
  EXPECT_NE(label_in(mha, "D7"), Label::reproduces);
}

// 52 layers are what the talk's 3.25 GB would need.
TEST(ClaimsMutation, EightLayersLessMakeTheTalksKvCacheRight) {
  const World shallow = with_models([](ModelSpec& model) { model.layers = 52; });
  EXPECT_EQ(label_in(shipped_world(), "D7-kv"), Label::does_not);
  EXPECT_EQ(label_in(shallow, "D7-kv"), Label::reproduces);
}

TEST(ClaimsMutation, HiddenNetworkTimeEverywhereErasesThe30Times) {
  const World hidden = with_claims_profile([](ClaimsParameters& p) { p.overlap = 1; });
  EXPECT_EQ(label_in(shipped_world(), "A21"), Label::under_assumptions);
  EXPECT_EQ(label_in(hidden, "A21"), Label::does_not);
}

TEST(ClaimsMutation, AnotherTileOrNoOverlapMovesTheBestConfiguration) {
  const World coarse = with_claims_profile([](ClaimsParameters& p) { p.tile = 1024; });
  EXPECT_EQ(label_in(coarse, "A19"), Label::does_not);
  const World exposed = with_claims_profile([](ClaimsParameters& p) { p.scale_up_overlap = 0; });
  EXPECT_EQ(label_in(exposed, "A19"), Label::does_not);
}

// With a free network inside and between domains tensor parallelism scales everywhere.
TEST(ClaimsMutation, AFreeNetworkBreaksTheWarningAboutTensorParallelism) {
  const World free_network = with_gpus([](HardwareSpec& gpu) {
    gpu.scale_up = gpu.scale_out = BytesPerSecond(1e18);
    gpu.domain_size = 72;
  });
  const World no_latency = [&] {
    World world = with_claims_profile(
        [](ClaimsParameters& p) { p.scale_up_latency = p.scale_out_latency = Seconds(0); });
    world.gpu = free_network.gpu;
    return world;
  }();
  EXPECT_EQ(label_in(shipped_world(), "A6"), Label::reproduces);
  EXPECT_EQ(label_in(no_latency, "A6"), Label::does_not);
}

}  // namespace
}  // namespace inferbench
