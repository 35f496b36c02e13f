#include "bench/peers/bars.hpp"

#include <gtest/gtest.h>

#include <set>

#include "bench/peers/measure.hpp"
#include "bench/peers/peer.hpp"
#include "bench/peers/report.hpp"
#include "kernels/registry.hpp"

namespace inferbench {
namespace {

bool is_roof(const std::string& against) {
  return std::set<std::string>{"read", "fma", "bf16", "int8"}.contains(against);
}

TEST(Bars, NameCasesThatExistAndPeersOfTheirOp) {
  std::set<std::string> names;
  for (const Contest& c : contests()) {
    EXPECT_TRUE(names.insert(c.name()).second) << c.name() << " twice";
    EXPECT_EQ(make_case(c.op, c.format, c.axes).op, c.op);
    EXPECT_TRUE(is_roof(c.roof));
    for (const Bar& b : c.bars) {
      if (!is_roof(b.against)) {
        EXPECT_EQ(peer(b.against).op, c.op) << b.against;
      }
      EXPECT_LE(b.floor, b.target);
    }
  }
}

TEST(Bars, AnUnknownPeerIsAnErrorWithTheNearestNames) {
  try {
    peer("ggml q4_k");
    FAIL();
  } catch (const std::exception& e) {
    EXPECT_NE(std::string(e.what()).find("ggml q4_K"), std::string::npos) << e.what();
  }
}

// Floor 0.9, target 1.1.
TEST(Bars, AreJudgedByTheRatioUnlessTheProbeShowsANoisyMachine) {
  const Bar bar{.against = "openblas sgemm", .floor = 0.9, .target = 1.1};
  EXPECT_EQ(judge(bar, 1.10, 1.0), BarVerdict::reached);
  EXPECT_EQ(judge(bar, 1.09, 1.0), BarVerdict::floor);
  EXPECT_EQ(judge(bar, 0.90, 0.85), BarVerdict::floor);
  EXPECT_EQ(judge(bar, 0.89, 1.0), BarVerdict::below);
  EXPECT_EQ(judge(bar, 2.00, 0.84), BarVerdict::noisy);
  EXPECT_EQ(judge({.against = "openblas sgemm"}, 2.0, 1.0), BarVerdict::shown);
}

// Two contests on one roof, the second while the probe gave 80 % of what it gave beside the first.
TEST(Bars, TheBestProbeOfTheRunIsTheMeasureOfNoise) {
  const Contest contest{.op = "gemm",
                        .format = "fp32",
                        .axes = {},
                        .roof = "fma",
                        .bars = {{.against = "openblas sgemm", .floor = 0.9, .target = 1.0},
                                 {.against = "onnxruntime matmul"}}};
  std::vector<ContestResult> results(2);
  for (ContestResult& r : results) {
    r.contest = contest;
    for (const Bar& b : contest.bars) {
      r.bars.push_back({.bar = b, .ratio = {.median = 1.2, .interval = {}, .pairs = 9}});
    }
  }
  results[0].probe_rate = 100, results[1].probe_rate = 80;
  judge_all(results);
  EXPECT_EQ(results[0].bars[0].verdict, BarVerdict::reached);
  EXPECT_EQ(results[0].bars[1].verdict, BarVerdict::shown);
  EXPECT_EQ(results[1].bars[0].verdict, BarVerdict::noisy);
  EXPECT_EQ(tally(results), "2 bars: 1 reached, 1 skipped (noisy)");
}

}  // namespace
}  // namespace inferbench
