#include "harness/slices/slices_method.hpp"

#include <gtest/gtest.h>

#include "harness/catalog/catalog.hpp"
#include "harness/sweep/run_sweep.hpp"

namespace inferbench {
namespace {

// Says of every step: 100 us of projections, 50 us of attention and 150 us of FFN a layer, 10 us of
// embedding, 90 us of LM head.
class FakeMeasurer final : public SliceMeasurer {
 public:
  explicit FakeMeasurer(std::vector<SliceStep>& asked) : asked_(asked) {}
  void prepare(std::span<const SliceStep>) override {}
  Seconds estimate(const SliceStep&) const override { return Seconds(2); }
  Seconds setup_estimate(const SliceStep&) const override { return Seconds(5); }
  std::optional<std::string> why_not(const SliceStep& step) const override {
    if (step.tp == 4) return "too wide";
    return std::nullopt;
  }
  SliceTimes measure(const SliceStep& step) override {
    asked_.push_back(step);
    SliceTimes times;
    times.blocks.projections[OpPart::gemm] = 100e-6;
    times.blocks.full_attention[OpPart::attention] = 50e-6;
    times.blocks.dense_ffn[OpPart::gemm] = 150e-6;
    times.blocks.embedding[OpPart::elementwise] = 10e-6;
    times.blocks.lm_head[OpPart::gemm] = 90e-6;
    times.spread = 0.03;
    return times;
  }

 private:
  std::vector<SliceStep>& asked_;
};

// Links of 1 GB/s without latency, messages in bf16.
SweepSystem system_of_links() {
  SweepSystem system;
  system.model = find_model("tiny-dense-test");
  system.gpu = find_gpu("h100");
  system.gpu.scale_up = BytesPerSecond(1e9);
  system.profile = find_cost_profile("default");
  auto& parameters = std::get<OpsParameters>(system.profile.parameters);
  parameters.scale_up = {.efficiency = 1, .latency = Seconds(0)};
  parameters.one_shot_latency.reset();
  parameters.in_network_efficiency.reset();
  system.precision = parse_precision("bf16");
  return system;
}

std::vector<SweepTask> tasks_of(const std::vector<std::string>& configs) {
  std::vector<SweepTask> tasks;
  for (const std::string& config : configs) {
    tasks.push_back({.parallel = parse_parallel(config), .chunk = Tokens(64)});
  }
  return tasks;
}

class SlicesSweep : public ::testing::Test {
 protected:
  std::vector<SliceStep> asked_;
  SlicesMethod method_{system_of_links(),
                       {.isl = Tokens(64), .osl = Tokens(16)},
                       std::make_unique<FakeMeasurer>(asked_)};
};

// A chunk of 64 prompt tokens runs with 64 x 16 / 64 = 16 decodes: 80 tokens, of which 17 rows are
// sampled. Over two ranks of 1 GB/s an all-reduce of 80 x 64 x 2 bytes takes 10.24 us, of which a
// step of two layers has five; gathering 17 x 256 x 2 bytes takes half of 8.704 us.
//   stage = 2 x 300 + 10 + 90 + 5 x 10.24 + 4.352 = 755.552 us
//   TTFT: one chunk; tokens/s/GPU: 16 / stage / 2
TEST_F(SlicesSweep, ComposesTwoRanksByTheFormulasOfTheClosedForm) {
  const SweepPoint point = method_.evaluate(tasks_of({"tp2"}).front());
  ASSERT_TRUE(point.fits) << point.why_not;
  EXPECT_NEAR(point.tpot.count(), 755.552e-6, 1e-12);
  EXPECT_NEAR(point.ttft.count(), 755.552e-6, 1e-12);
  EXPECT_NEAR(point.tps_gpu, 16 / 755.552e-6 / 2, 1e-6);
  EXPECT_NEAR(*point.measured_share, 700 / 755.552, 1e-9);
}

// TP1 stages and replicas execute the same slice.
TEST_F(SlicesSweep, MeasuresADistinctSliceOnce) {
  const auto tasks = tasks_of({"tp2", "pp2", "dp2"});
  const SliceWorkload work = method_.prepare(tasks);
  EXPECT_EQ(work.points, 3U);
  ASSERT_EQ(work.distinct.size(), 2U);
  EXPECT_NEAR(work.estimate.count(), 2 * 2 + 2 * 5, 1e-12);
  const SweepResult result = run_sweep(method_, tasks, {.threads = 1});
  EXPECT_EQ(asked_.size(), 2U);
  EXPECT_EQ(method_.slices().measured(), 2U);
  EXPECT_EQ(method_.slices().widest_spread(), 0.03);
  // A replica by itself has no links.
  EXPECT_NEAR(result.points[2].tpot.count(), 700e-6, 1e-12);
  EXPECT_EQ(*result.points[2].measured_share, 1);
}

// Of a prompt of 64 tokens in one chunk a token sees 32 on average, so nothing lies before it. A
// decode sees 64 and half of 16 tokens, itself included.
TEST_F(SlicesSweep, StepsAreWholeNumbers) {
  method_.evaluate(tasks_of({"tp2"}).front());
  ASSERT_EQ(asked_.size(), 1U);
  const SliceStep want{.tp = 2,
                       .ep = 1,
                       .prompts = 1,
                       .prompt_tokens = 64,
                       .prompt_cached = 0,
                       .decodes = 16,
                       .decode_cached = 71,
                       .sampled = 17};
  EXPECT_EQ(asked_.front(), want) << label(asked_.front());
}

// Context-parallel ranks share the tokens of linear layers; in attention each has its queries of a
// prompt, which see as many keys, and all decodes, which see its half of theirs.
TEST_F(SlicesSweep, ContextParallelRanksAreTwoSteps) {
  method_.evaluate(tasks_of({"cp2"}).front());
  ASSERT_EQ(asked_.size(), 2U);
  EXPECT_EQ(asked_[0].prompt_tokens, 32);
  EXPECT_EQ(asked_[0].decodes, 8);
  EXPECT_EQ(asked_[1].prompt_tokens, 32);
  EXPECT_EQ(asked_[1].prompt_cached, 16);  // and half of its 32 own: 32 keys on average
  EXPECT_EQ(asked_[1].decodes, 16);
  EXPECT_EQ(asked_[1].decode_cached, 35);
}

TEST_F(SlicesSweep, WhatCannotBeMeasuredHasNoNumbers) {
  const auto tasks = tasks_of({"tp4"});
  EXPECT_EQ(method_.prepare(tasks).missing, 1U);
  const SweepPoint point = method_.evaluate(tasks.front());
  EXPECT_FALSE(point.fits);
  EXPECT_EQ(point.why_not, "not measured: too wide");
  EXPECT_EQ(point.tps_user, 0);
  EXPECT_TRUE(asked_.empty());
}

}  // namespace
}  // namespace inferbench
