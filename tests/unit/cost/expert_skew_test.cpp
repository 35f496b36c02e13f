#include "harness/cost/expert_skew.hpp"

#include <gtest/gtest.h>

#include "harness/base/error.hpp"
#include "kernels/shapes/moe.hpp"

namespace inferbench {
namespace {

TEST(ExpertSkew, BalancedRanksShareEvenly) {
  const HottestRank rank(256, 8, 32, {});
  EXPECT_EQ(rank.experts(), 8);
  EXPECT_DOUBLE_EQ(rank.share(), 1.0 / 32);
  EXPECT_NEAR(rank.distinct_experts(16) * 32, expected_distinct_experts(256, 8, 16), 1e-9);
}

TEST(ExpertSkew, UnevenSplitsCountTheFullestRank) {
  const HottestRank rank(10, 2, 4, {});
  EXPECT_EQ(rank.experts(), 3);
  EXPECT_DOUBLE_EQ(rank.share(), 0.3);
}

// NVIDIA's aiconfigurator tables, E = 256, top 8, above 4,096 tokens: the hottest of 8 ranks takes
// 1.40 times a balanced rank's time at exponent 1.01 and 1.75 times at 1.2; of 64 ranks 2.16 and
// 3.06. A part of that time is weights and floors, not rows, so the rows' ratio lies above it: by
// less than half on 8 ranks, by up to twice on 64, where experts have few rows.
TEST(ExpertSkew, HottestRanksLieAboveMeasuredSlowdowns) {
  const auto times_balanced = [](double exponent, std::int64_t ep) {
    return HottestRank(256, 8, ep, {exponent}).share() * static_cast<double>(ep);
  };
  const auto above = [](double rows, double measured, double most) {
    EXPECT_GT(rows, measured);
    EXPECT_LT(rows, measured * most);
  };
  above(times_balanced(1.01, 8), 1.40, 1.5);
  above(times_balanced(1.2, 8), 1.75, 1.5);
  above(times_balanced(1.01, 64), 2.16, 2.1);
  above(times_balanced(1.2, 64), 3.06, 2.1);
}

TEST(ExpertSkew, MoreSkewAndMoreRanksMeanAHotterRank) {
  const auto hot = [](double exponent, std::int64_t ep) {
    return HottestRank(256, 8, ep, {exponent}).share() * static_cast<double>(ep);
  };
  for (const std::int64_t ep : {8, 32, 64}) {
    EXPECT_LT(1.0, hot(0.6, ep));
    EXPECT_LT(hot(0.6, ep), hot(1.01, ep));
    EXPECT_LT(hot(1.01, ep), hot(1.2, ep));
  }
  EXPECT_LT(hot(1.01, 8), hot(1.01, 64));
  EXPECT_DOUBLE_EQ(hot(1.01, 1), 1.0) << "one rank has all there is";
}

// Skewed tokens meet in few experts, so fewer weights are read.
TEST(ExpertSkew, SkewTouchesFewerExperts) {
  const HottestRank balanced(256, 8, 1, {}), skewed(256, 8, 1, {1.2});
  EXPECT_LT(skewed.distinct_experts(32), balanced.distinct_experts(32));
}

TEST(ExpertSkew, ReadsNamesAndExponentsAndRefusesOthers) {
  EXPECT_TRUE(parse_expert_skew("balanced", "x").balanced());
  EXPECT_EQ(parse_expert_skew("1.01", "x").exponent, 1.01);
  EXPECT_EQ(label(parse_expert_skew("1.2", "x")), "1.2");
  for (const char* text : {"", "skewed", "-1", "0", "1.2x", "nan"}) {
    EXPECT_THROW(parse_expert_skew(text, "--expert-skew"), Error) << text;
  }
}

}  // namespace
}  // namespace inferbench
