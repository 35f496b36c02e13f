#include "results/gate/series_test.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <functional>

#include "harness/base/random.hpp"
#include "harness/stats/binomial_interval.hpp"

namespace inferbench {
namespace {

using Noise = std::function<double(RandomStream&)>;

// Blocks of a candidate slower by `change` until the series is decided.
SeriesTest decide(const GatePlan& plan, double change, RandomStream random, const Noise& noise) {
  SeriesTest test(plan);
  while (!test.decided()) test.add(std::log1p(change) + noise(random));
  return test;
}

double gaussian(RandomStream& random) {
  return random.normal(0, 0.02);
}
double cauchy(RandomStream& random) {
  return 0.02 * std::tan(3.14159265358979 * (random.uniform() - 0.5));
}
// Each side runs in one of two states, 20 % apart: their log ratio has three.
double bimodal(RandomStream& random) {
  const auto state = [&] { return random.below(2) == 0 ? 0.0 : 0.2; };
  const double a = state(), b = state();
  return b - a + random.normal(0, 0.005);
}
// Calm, and one block in ten twice as slow on either side.
double spiked(RandomStream& random) {
  const double spike = random.below(10) == 0 ? std::log(2.0) : 0;
  return (random.below(2) == 0 ? spike : -spike) + random.normal(0, 0.01);
}

double share(int trials, double change, const Noise& noise, SeriesVerdict verdict,
             const GatePlan& plan) {
  int found = 0;
  const RandomStream random(7, "trials");
  for (int trial = 0; trial < trials; ++trial) {
    const auto test = decide(plan, change, random.at(static_cast<std::uint64_t>(trial)), noise);
    found += test.verdict() == verdict;
  }
  return static_cast<double>(found) / trials;
}

// No noise and no change: all ten blocks lie within the target on both sides.
TEST(SeriesTest, PassesAtTheFirstLookWhereNothingChanged) {
  const GatePlan plan({}, 24);
  const SeriesTest test = decide(plan, 0, RandomStream(1, "none"), [](RandomStream&) { return 0; });
  EXPECT_EQ(test.verdict(), SeriesVerdict::pass);
  ASSERT_EQ(test.looks().size(), 1U);
  EXPECT_EQ(test.looks()[0].blocks, 10U);
  EXPECT_EQ(test.looks()[0].p_not_slower, std::ldexp(1.0, -10));
  EXPECT_EQ(test.looks()[0].p_slower, 1);
  EXPECT_EQ(test.estimate()->change, 0);
}

// 18 blocks, all slower by 8 %: 2^-18 is within 0.01 / 24 * 4 / 160; 2^-14 was not.
TEST(SeriesTest, FindsAClearSlowdownAsSoonAsItsLevelAllows) {
  const GatePlan plan({}, 24);
  RandomStream random(1, "clear");
  const SeriesTest test =
      decide(plan, 0.08, random, [](RandomStream& r) { return r.normal(0, 0.002); });
  EXPECT_EQ(test.verdict(), SeriesVerdict::regression);
  EXPECT_EQ(test.log_ratios().size(), 18U);
  const ChangeEstimate estimate = *test.estimate();
  EXPECT_NEAR(estimate.change, 0.08, 0.002);
  ASSERT_TRUE(estimate.interval && estimate.gate_interval);
  EXPECT_GT(estimate.gate_interval->low, 0.01);
  EXPECT_LE(estimate.gate_interval->low, estimate.interval->low);
  EXPECT_GE(estimate.gate_interval->high, estimate.interval->high);
}

TEST(SeriesTest, IsInconclusiveWithoutEnoughBlocks) {
  const GatePlan plan({}, 8);
  SeriesTest test(plan);
  for (int block = 0; block < 9; ++block) test.add(0);
  EXPECT_FALSE(test.decided());
  EXPECT_TRUE(test.gate_open());
  EXPECT_EQ(test.verdict(), SeriesVerdict::inconclusive);
  EXPECT_FALSE(test.estimate());
}

// Noise of a hundred times the target: nothing can be shown, at any look.
TEST(SeriesTest, EndsAfterTheLastLook) {
  const GatePlan plan({}, 8);
  const SeriesTest test =
      decide(plan, 0, RandomStream(1, "lost"), [](RandomStream& r) { return 100 * cauchy(r); });
  EXPECT_EQ(test.log_ratios().size(), 160U);
  EXPECT_EQ(test.looks().size(), 10U);
  EXPECT_EQ(test.verdict(), SeriesVerdict::inconclusive);
  EXPECT_FALSE(test.gate_open());
}

SeriesVerdict swapped(SeriesVerdict verdict) {
  if (verdict == SeriesVerdict::regression) return SeriesVerdict::improvement;
  if (verdict == SeriesVerdict::improvement) return SeriesVerdict::regression;
  return verdict;
}

// A pass with a closed and an open side at the last block is the one verdict that has no mirror
// image: of the candidate, only slowdowns are excluded.
TEST(SeriesTest, SwappingTheSidesSwapsTheVerdict) {
  const GatePlan plan({}, 8);
  const RandomStream random(3, "swap");
  int seen[4] = {};
  for (std::uint64_t trial = 0; trial < 400; ++trial) {
    RandomStream draws = random.at(trial);
    const double change = 0.08 * (draws.uniform() - 0.5);
    SeriesTest test(plan), mirror(plan);
    while (!test.decided()) {
      const double d = change + (trial % 2 == 0 ? 0.25 : 100) * cauchy(draws);
      test.add(d);
      mirror.add(-d);
    }
    ASSERT_TRUE(mirror.decided());
    ++seen[static_cast<int>(test.verdict())];
    if (test.log_ratios().size() == 160) continue;
    EXPECT_EQ(mirror.verdict(), swapped(test.verdict())) << trial;
    EXPECT_NEAR(std::log1p(mirror.estimate()->change), -std::log1p(test.estimate()->change), 1e-12);
  }
  for (const int count : seen) EXPECT_GT(count, 0);
}

TEST(SeriesTest, ALargerChangeIsNoLessOfARegression) {
  const GatePlan plan({}, 8);
  for (const Noise& noise : {Noise(gaussian), Noise(spiked)}) {
    double before = -1;
    for (const double change : {0.0, 0.02, 0.03, 0.05, 0.07}) {
      const double found = share(200, change, noise, SeriesVerdict::regression, plan);
      EXPECT_GE(found, before) << change;
      before = found;
    }
  }
}

// The chance that a slowdown of exactly the margin is called a regression, of one series with all
// of alpha: at most 5 % here, so that 600 trials can tell. Found shares are held to what such a
// chance allows in all but one of a million runs; with a fixed seed they are the same every time.
TEST(SeriesTest, KeepsItsFalseAlarmRateUnderHeavyTailsAndTwoModes) {
  const GatePlan plan({.alpha = 0.05}, 1);
  constexpr int kTrials = 600;
  for (const Noise& noise : {Noise(gaussian), Noise(cauchy), Noise(bimodal), Noise(spiked)}) {
    const double slower = share(kTrials, 0.01, noise, SeriesVerdict::regression, plan);
    const double faster = share(kTrials, -0.0099, noise, SeriesVerdict::improvement, plan);
    for (const double found : {slower, faster}) {
      const auto alarms = static_cast<std::int64_t>(std::lround(found * kTrials));
      EXPECT_LE(clopper_pearson(alarms, kTrials, 1 - 2e-6).low, 0.05) << alarms;
    }
    EXPECT_EQ(share(kTrials, 0, noise, SeriesVerdict::regression, GatePlan({}, 8)), 0);
  }
}

// A slowdown of the target's size passes with a chance of at most beta, here 5 %.
TEST(SeriesTest, KeepsItsMissRateUnderHeavyTailsAndTwoModes) {
  const GatePlan plan({.beta = 0.05}, 1);
  constexpr int kTrials = 600;
  for (const Noise& noise : {Noise(gaussian), Noise(cauchy), Noise(bimodal), Noise(spiked)}) {
    const double passed = share(kTrials, 0.05, noise, SeriesVerdict::pass, plan);
    const auto misses = static_cast<std::int64_t>(std::lround(passed * kTrials));
    EXPECT_LE(clopper_pearson(misses, kTrials, 1 - 2e-6).low, 0.05) << misses;
  }
}

// The interval holds the true change in at least 95 % of series, at whichever look they stop.
TEST(SeriesTest, RepeatedIntervalsHoldTheTrueChange) {
  const GatePlan plan({}, 8);
  const RandomStream random(11, "intervals");
  int held = 0, told = 0;
  for (std::uint64_t trial = 0; trial < 400; ++trial) {
    const SeriesTest test = decide(plan, 0.02, random.at(trial), gaussian);
    const auto interval = test.estimate()->interval;
    if (!interval) continue;
    ++told;
    held += interval->low <= 0.02 && 0.02 <= interval->high;
  }
  EXPECT_GT(told, 390);
  EXPECT_GE(static_cast<double>(held) / told, 0.95);
}

}  // namespace
}  // namespace inferbench
