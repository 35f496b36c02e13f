#include "harness/kernel_times/kernel_predictor.hpp"

#include <gtest/gtest.h>

#include "harness/kernel_times/learn.hpp"
#include "tests/unit/kernel_tables/synthetic_tables.hpp"

namespace inferbench {
namespace {

KernelTable grid(const std::string& machine = "round", const std::string& framework = "engine") {
  KernelTableBuilder builder;
  add_gemms(builder, builder.series(gemm_series(machine, framework), round_machine(machine)),
            {256, 512, 1024, 2048, 4096, 8192}, {1, 16, 64, 256, 1024, 4096});
  return learn(builder.build("test"));
}

KernelPredictor times_on(const MachineSheet& machine, const std::string& framework = "engine") {
  return KernelPredictor({grid()}, {machine, framework, ""});
}

TEST(KernelPredictor, AnswersAsMeasuredThenBetweenThenBeyond) {
  const KernelPredictor times = times_on(round_machine());
  const SiteTimes& site = times.site(KernelOp::gemm, "bf16", {1024, 512});
  EXPECT_EQ(site.from(), "round engine 1.0");
  EXPECT_DOUBLE_EQ(site.at(64).ns, synthetic_gemm_ns(64, 1024, 512));
  EXPECT_EQ(site.at(64).source, KernelSource::measured);
  EXPECT_EQ(site.at(100).source, KernelSource::interpolated);
  EXPECT_EQ(site.at(8192).source, KernelSource::held);
  EXPECT_EQ(&site, &times.site(KernelOp::gemm, "bf16", {1024, 512}));
}

// Times follow the bound exactly, so that utilisation is alike everywhere: what is borrowed is
// right, and inside its band.
TEST(KernelPredictor, BorrowsUtilisationForShapesNobodyMeasured) {
  const KernelPredictor times = times_on(round_machine());
  const SiteTimes& site = times.site(KernelOp::gemm, "bf16", {3000, 1500});
  for (const double tokens : {16.0, 256.0, 4096.0}) {
    const KernelAnswer answer = site.at(tokens);
    EXPECT_EQ(answer.source, KernelSource::borrowed);
    const double truth = synthetic_gemm_ns(tokens, 3000, 1500);
    EXPECT_NEAR(answer.ns / truth, 1, 0.02);
    EXPECT_LE(answer.low_ns, answer.ns * 1.0001);
    EXPECT_GE(answer.high_ns, answer.ns * 0.9999);
  }
}

// Twice the arithmetic at the same bandwidth: prompts take half as long, single tokens do not.
TEST(KernelPredictor, TransfersByRoofAndKeepsTheFloor) {
  MachineSheet twice = round_machine("twice");
  twice.rates.bf16_flops_per_s = 2e12;
  const KernelPredictor times = times_on(twice);
  const SiteTimes& site = times.site(KernelOp::gemm, "bf16", {8192, 8192});
  EXPECT_EQ(site.base(), KernelSource::transferred);
  EXPECT_NEAR(site.at(4096).ns / synthetic_gemm_ns(4096, 8192, 8192), 0.5, 0.01);
  EXPECT_NEAR(site.at(1).ns / synthetic_gemm_ns(1, 8192, 8192), 1, 0.01);
  const SiteTimes& small = times.site(KernelOp::gemm, "bf16", {256, 256});
  EXPECT_NEAR(small.at(1).ns, 10'000, 500);
}

TEST(KernelPredictor, SaysWhoseTimesItTook) {
  const KernelPredictor times = times_on(round_machine(), "another");
  EXPECT_EQ(times.site(KernelOp::gemm, "bf16", {256, 256}).base(), KernelSource::other_framework);
  EXPECT_EQ(times.site(KernelOp::gemm, "fp16", {256, 256}).base(), KernelSource::other_framework);
  const SiteTimes& none = times.site(KernelOp::decode_attention, "bf16", {8, 8, 128, 128, 0});
  EXPECT_EQ(none.base(), KernelSource::first_principles);
  // 1 GB of cache at 80 % of 1 TB/s, and a floor of 3 us.
  EXPECT_NEAR(none.at(1, 262'144).ns, 3000 + 1'073'745'920 / 0.8e3, 1000);
}

// Of tokens behind cached ones the query-key pairs count: 1,000 after 1,000 are three quarters of
// 2,000 at once.
TEST(KernelPredictor, TakesChunksFromWholePrompts) {
  KernelTableBuilder builder;
  const SeriesKey key{KernelOp::prefill_attention, "round", "engine", "1.0", "bf16", "synthetic"};
  const std::uint32_t series = builder.series(key, round_machine());
  const KernelDims heads = {8, 8, 64, 64, 0};
  builder.add(series, {heads, 1, 1000, 2'000'000}, builder.kernel("a"), "here");
  builder.add(series, {heads, 1, 2000, 8'000'000}, builder.kernel("a"), "here");
  const KernelPredictor times({builder.build("test")}, {round_machine(), "", ""});
  const SiteTimes& site = times.site(KernelOp::prefill_attention, "bf16", heads);
  EXPECT_DOUBLE_EQ(site.chunk(1, 1000, 1000).ns, 6'000'000);
  EXPECT_DOUBLE_EQ(site.chunk(1, 2000, 0).ns, 8'000'000);
}

TEST(KernelPredictor, TakesTheNewestVersionUnlessAsked) {
  KernelTableBuilder builder;
  for (const auto& [version, ns] : {std::pair{"1.9.2", 1000.0}, std::pair{"1.10.0", 2000.0}}) {
    SeriesKey key = gemm_series();
    key.version = version;
    builder.add(builder.series(key, round_machine()), {{64, 64}, 1, 0, ns}, builder.kernel("a"),
                "here");
  }
  const KernelTable table = builder.build("test");
  EXPECT_EQ(KernelPredictor({table}, {round_machine(), "engine", ""})
                .site(KernelOp::gemm, "bf16", {64, 64})
                .at(1)
                .ns,
            2000);
  EXPECT_EQ(KernelPredictor({table}, {round_machine(), "engine", "1.9.2"})
                .site(KernelOp::gemm, "bf16", {64, 64})
                .at(1)
                .ns,
            1000);
}

TEST(Learn, IsTheSameEachTime) {
  const KernelTable a = grid(), b = grid();
  ASSERT_EQ(a.image().size(), b.image().size());
  EXPECT_TRUE(std::equal(a.image().begin(), a.image().end(), b.image().begin()));
  EXPECT_EQ(a.series()[0].learnt, 1U);
}

}  // namespace
}  // namespace inferbench
