#include "harness/validate/scoring.hpp"

#include <gtest/gtest.h>

#include <array>
#include <cmath>

#include "harness/base/random.hpp"
#include "harness/validate/serving_validation.hpp"

namespace inferbench {
namespace {

// Errors of +10, -20, +30, -40 and +50 %: absolute median 30, p90 between 40 and 50 at 0.6, signed
// median +10.
TEST(Scoring, ErrorsAreSummarizedByMedianP90AndBias) {
  const ErrorSummary found = summarize_errors({0.1, -0.2, 0.3, -0.4, 0.5});
  EXPECT_EQ(found.count, 5U);
  EXPECT_DOUBLE_EQ(found.median, 0.3);
  EXPECT_DOUBLE_EQ(found.p90, 0.46);
  EXPECT_DOUBLE_EQ(found.bias, 0.1);
  EXPECT_EQ(summarize_errors({}).count, 0U);
}

// Ranks 1 2 3 4 5 against 2 1 4 3 5: rho = 1 - 6 (1 + 1 + 1 + 1) / (5 (25 - 1)) = 0.8.
TEST(Scoring, SpearmanByHand) {
  const std::array<double, 5> a = {1, 2, 3, 4, 5}, b = {20, 10, 40, 30, 500};
  EXPECT_DOUBLE_EQ(*spearman(a, b), 0.8);
}

// Ties share the mean of their ranks: 1.5 1.5 3 against 1 2 3 is 1.5 / sqrt(1.5 x 2).
TEST(Scoring, SpearmanSharesRanksBetweenTies) {
  const std::array<double, 3> a = {7, 7, 9}, b = {1, 2, 3}, same = {4, 4, 4};
  EXPECT_NEAR(*spearman(a, b), 1.5 / std::sqrt(3.0), 1e-15);
  EXPECT_FALSE(spearman(same, b));
  EXPECT_FALSE(spearman(std::span(a).first(2), std::span(b).first(2)));
}

// No increasing function of either side changes a rank.
TEST(Scoring, SpearmanIsBlindToScale) {
  RandomStream random = Random(3).stream("spearman");
  for (int round = 0; round < 50; ++round) {
    std::vector<double> a, b, grown;
    for (int i = 0; i < 20; ++i) {
      a.push_back(random.uniform()), b.push_back(random.uniform());
      grown.push_back(std::exp(5 * a.back()));
    }
    EXPECT_DOUBLE_EQ(*spearman(a, b), *spearman(grown, b));
    EXPECT_DOUBLE_EQ(*spearman(a, a), 1.0);
  }
}

ServingPoint point(std::int64_t tp, double tpot_ms, double tokens_s_gpu) {
  ServingPoint p{.place = "t:1",
                 .set = "s",
                 .model = "m",
                 .gpu = "g",
                 .engine = "e",
                 .precision = "bf16",
                 .parallel = {.tp = tp},
                 .isl = Tokens(10),
                 .osl = Tokens(11)};
  p.users = 4;
  p.ttft_ms = 100, p.tpot_ms = tpot_ms, p.tokens_s_gpu = tokens_s_gpu;
  return p;
}

ServingPrediction said(double tpot_ms, double tokens_s_gpu) {
  ServingPrediction s;
  s.ttft_ms = 100, s.tpot_ms = tpot_ms, s.tokens_s_gpu = tokens_s_gpu;
  return s;
}

// TPOT within 20 ms. TP1 has no measured point within it (0), TP2 its slower one (40), TP4 30. The
// prediction lets TP1 pass with 35 and has TP2 at 50, TP4 at 20: ranks 1 3 2 against 2 3 1, so
// rho = 1 - 6 (1 + 0 + 1) / (3 x 8) = 0.5, and the best, TP2, is found.
TEST(Scoring, ConfigurationsRankByTheirBestPointWithinTheSlo) {
  const std::array<ServingPoint, 4> points = {point(1, 21, 90), point(2, 19, 40), point(2, 25, 80),
                                              point(4, 10, 30)};
  const std::array<ScoredPoint, 4> scored = {{{&points[0], said(19, 35)},
                                              {&points[1], said(18, 50)},
                                              {&points[2], said(24, 85)},
                                              {&points[3], said(9, 20)}}};
  const RankCorrelation ranks = rank_configurations(scored, 20);
  EXPECT_EQ(ranks.configurations, 3U);
  EXPECT_DOUBLE_EQ(*ranks.all, 0.5);
  EXPECT_DOUBLE_EQ(*ranks.within, 0.5);
  EXPECT_EQ(ranks.choices, 1U);
  EXPECT_EQ(ranks.best_found, 1U);
}

// An answer of 11 tokens at 10 ms takes 100 ms behind its first token.
TEST(Scoring, SaturatedIsWhoWaitsLongerThanTheAnswerTakes) {
  EXPECT_FALSE(is_saturated(100, 10, Tokens(11)));
  EXPECT_TRUE(is_saturated(100.1, 10, Tokens(11)));
  ServingPoint batch = point(1, 5, 1);
  EXPECT_TRUE(*batch.saturated());
  batch.offer = Offer::at_once;
  EXPECT_FALSE(batch.saturated());
}

TEST(Scoring, BandsHoldWhatTheyWereLearntFrom) {
  std::vector<double> ratios;
  for (int i = 0; i <= 100; ++i) ratios.push_back(0.5 + 0.01 * i);
  const ErrorBand band = band_of(ratios);
  EXPECT_NEAR(band.low, 0.55, 1e-12);
  EXPECT_NEAR(band.high, 1.45, 1e-12);
  EXPECT_TRUE(band.holds(100, 56));
  EXPECT_FALSE(band.holds(100, 54));
}

// A configuration is in one part whatever its load, and a seed changes which.
TEST(Scoring, TheSplitKeepsAConfigurationTogether) {
  int fit = 0, moved = 0;
  for (int i = 0; i < 400; ++i) {
    const std::string name = "configuration " + std::to_string(i);
    EXPECT_EQ(in_fit_part(name, 1), in_fit_part(name, 1));
    fit += in_fit_part(name, 1) ? 1 : 0;
    moved += in_fit_part(name, 1) != in_fit_part(name, 2) ? 1 : 0;
  }
  EXPECT_NEAR(fit, 200, 50);
  EXPECT_NEAR(moved, 200, 50);
  EXPECT_EQ(point(1, 1, 1).configuration(), "s TP1 10/11");
}

}  // namespace
}  // namespace inferbench
