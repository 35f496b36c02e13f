#include "workloads/workload_stats.hpp"

#include <cmath>

#include "tests/unit/workloads/stream_support.hpp"

namespace inferbench {
namespace {

Request with_blocks(std::int64_t input, std::vector<std::uint64_t> blocks) {
  Request request = request_at(0, input);
  request.prefix_blocks = std::move(blocks);
  return request;
}

// Blocks of 10 tokens:
//   request  input  blocks     cached before      hit blocks  hit tokens
//   0          30   1 2 3      nothing            0           0
//   1          25   1 2 4      1 2                2           20
//   2          25   1 2 4      1 2 4 (partial)    3           25
//   3          20   9 2        2 behind another   0           0
TEST(IdealPrefixCache, CountsTheLongestRunOfLeadingBlocks) {
  IdealPrefixCache cache(Tokens(10));
  EXPECT_EQ(cache.add(with_blocks(30, {1, 2, 3})), Tokens(0));
  EXPECT_EQ(cache.add(with_blocks(25, {1, 2, 4})), Tokens(20));
  EXPECT_EQ(cache.add(with_blocks(25, {1, 2, 4})), Tokens(25));
  EXPECT_EQ(cache.add(with_blocks(20, {9, 2})), Tokens(0));
  EXPECT_EQ(cache.blocks(), 11U);
  EXPECT_EQ(cache.hit_blocks(), 5U);
  EXPECT_EQ(cache.unique_blocks(), 6U);  // 1, 1-2, 1-2-3, 1-2-4, 9, 9-2
  EXPECT_DOUBLE_EQ(cache.block_hit_rate(), 5.0 / 11);
  EXPECT_DOUBLE_EQ(cache.token_hit_rate(), 45.0 / 100);
}

TEST(IdealPrefixCache, RequestsWithoutBlocksCountAsTokensOnly) {
  IdealPrefixCache cache(Tokens(10));
  EXPECT_EQ(cache.add(with_blocks(30, {})), Tokens(0));
  EXPECT_EQ(cache.block_hit_rate(), 0);
  EXPECT_EQ(cache.tokens(), Tokens(30));
}

TEST(LengthCounts, QuantilesAreNearestRank) {
  LengthCountsOf lengths;
  for (const std::int64_t value : {15, 20, 35, 40, 50}) lengths.add(value);
  // Rank ceil(p n): p30 of 5 values is the 2nd, p40 the 2nd, p50 the 3rd.
  EXPECT_EQ(lengths.quantile(0.05), 15);
  EXPECT_EQ(lengths.quantile(0.30), 20);
  EXPECT_EQ(lengths.quantile(0.40), 20);
  EXPECT_EQ(lengths.quantile(0.50), 35);
  EXPECT_EQ(lengths.quantile(1.00), 50);
  EXPECT_DOUBLE_EQ(lengths.mean(), 32);
  EXPECT_NEAR(lengths.stddev(), std::sqrt((17.0 * 17 + 12 * 12 + 9 + 64 + 324) / 4), 1e-12);
}

// Arrivals 0, 1, 1, 4 s: gaps 1, 0, 3; mean 4/3, squares 1 + 0 + 9, variance (10 - 16/3) / 2 = 7/3.
TEST(WorkloadStats, RateAndCvComeFromTheGaps) {
  WorkloadStats stats(Tokens(0));
  for (const double second : {0.0, 1.0, 1.0, 4.0}) {
    Request request = request_at(second);
    request.session = SessionId(stats.requests());
    stats.add(request);
  }
  EXPECT_DOUBLE_EQ(stats.rate().value(), 3.0 / 4);
  EXPECT_NEAR(stats.gap_cv().value(), std::sqrt(7.0 / 3) / (4.0 / 3), 1e-12);
  EXPECT_EQ(stats.timestamps(), 3U);
  EXPECT_EQ(stats.conversations(), 4U);
  EXPECT_EQ(stats.dispersion()[0].peak(), 2U);
  EXPECT_FALSE(stats.ideal_prefix().has_value());
}

TEST(WorkloadStats, WhatHasNoMeaningIsAbsent) {
  WorkloadStats stats(Tokens(0));
  for (int i = 0; i < 3; ++i) stats.add(request_at(0));
  EXPECT_FALSE(stats.rate().has_value());
  EXPECT_FALSE(stats.gap_cv().has_value());
  EXPECT_FALSE(stats.dispersion()[0].index().has_value());
}

TEST(WorkloadStats, DispersionIsVarianceOverMeanOfWholeBins) {
  // Counts per second 2 0 2 0 ... for 20 s, then one request: mean 1, variance 1.
  DispersionOf bins{std::chrono::seconds(1)};
  for (int second = 0; second < 20; second += 2) {
    bins.add(std::chrono::seconds(second));
    bins.add(std::chrono::seconds(second));
  }
  bins.add(std::chrono::seconds(20));
  EXPECT_DOUBLE_EQ(bins.index().value(), 1.0);
  EXPECT_EQ(bins.peak(), 2U);
}

}  // namespace
}  // namespace inferbench
