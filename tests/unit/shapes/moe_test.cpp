#include "kernels/shapes/moe.hpp"

#include <gtest/gtest.h>

#include <set>

#include "harness/base/random.hpp"

namespace inferbench {
namespace {

// 8 experts, 2 per token: one token visits 2; two tokens 8 * (1 - 0.75^2) = 3.5.
TEST(Moe, DistinctExpertsByHand) {
  EXPECT_NEAR(expected_distinct_experts(8, 2, 1), 2.0, 1e-12);
  EXPECT_NEAR(expected_distinct_experts(8, 2, 2), 3.5, 1e-12);
  EXPECT_NEAR(expected_distinct_experts(256, 8, 1e6), 256, 1e-9);
  EXPECT_EQ(expected_distinct_experts(1, 1, 5), 1);
  EXPECT_EQ(expected_distinct_experts(8, 2, 0), 0);
}

// 4 experts on 2 ranks, 2 picks: both on one rank in 1 of 3 cases, so 1/3 * 1 + 2/3 * 2 ranks.
TEST(Moe, RanksVisitedByHand) {
  EXPECT_NEAR(expected_ranks_visited(4, 2, 2), 5.0 / 3.0, 1e-12);
  EXPECT_NEAR(expected_ranks_visited(16, 2, 16), 2.0, 1e-12);
  EXPECT_NEAR(expected_ranks_visited(16, 2, 1), 1.0, 1e-12);
}

TEST(Moe, BothAgreeWithDrawingTokens) {
  RandomStream random(5, "moe");
  constexpr int kRounds = 4000;
  constexpr std::int64_t kExperts = 32, kTopK = 4, kRanks = 8, kTokens = 6;
  double experts = 0, ranks = 0;
  for (int round = 0; round < kRounds; ++round) {
    std::set<std::int64_t> visited, first_ranks;
    for (std::int64_t t = 0; t < kTokens; ++t) {
      std::set<std::int64_t> picks;
      while (picks.size() < kTopK) picks.insert(random.between(0, kExperts - 1));
      visited.insert(picks.begin(), picks.end());
      if (t > 0) continue;
      for (const std::int64_t pick : picks) first_ranks.insert(pick / (kExperts / kRanks));
    }
    experts += static_cast<double>(visited.size()) / kRounds;
    ranks += static_cast<double>(first_ranks.size()) / kRounds;
  }
  EXPECT_NEAR(experts, expected_distinct_experts(kExperts, kTopK, kTokens), 0.15);
  EXPECT_NEAR(ranks, expected_ranks_visited(kExperts, kTopK, kRanks), 0.05);
}

}  // namespace
}  // namespace inferbench
