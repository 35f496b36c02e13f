#include "harness/stats/change_points.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <numbers>

#include "harness/base/random.hpp"

namespace inferbench {
namespace {

double gaussian(RandomStream& random) {
  const double u = 1 - random.uniform(), v = random.uniform();
  return std::sqrt(-2 * std::log(u)) * std::cos(2 * std::numbers::pi * v);
}

// `outliers` of the values are three times as large again.
std::vector<double> noise(std::size_t n, double sigma, double outliers, RandomStream& random) {
  std::vector<double> values;
  for (std::size_t i = 0; i < n; ++i) {
    double value = sigma * gaussian(random);
    if (random.uniform() < outliers) value += 0.3 * random.uniform();
    values.push_back(value);
  }
  return values;
}

// Without noise: ten of 1, ten of 2, ten of 1. The first split is of ten of 1 from a mixture of
// mean 1.5, whose p = 0.005 lets it pass at first; between constants it is 0 in the end.
TEST(ChangePoints, FindsStepsOfConstants) {
  std::vector<double> values(30, 1.0);
  std::fill(values.begin() + 10, values.begin() + 20, 2.0);
  const auto found = find_change_points(values);
  ASSERT_EQ(found.size(), 2U);
  EXPECT_EQ(found[0].at, 10U);
  EXPECT_EQ(found[0].p, 0);
  EXPECT_EQ(found[0].shift, 1);
  EXPECT_EQ(found[1].at, 20U);
  EXPECT_EQ(found[1].shift, -1);
}

TEST(ChangePoints, FewOrEqualValuesHoldNone) {
  EXPECT_TRUE(find_change_points({}).empty());
  EXPECT_TRUE(find_change_points(std::vector<double>{1, 9, 1}).empty());
  EXPECT_TRUE(find_change_points(std::vector<double>(100, 3.5)).empty());
}

// One night of another load is no new level: a single value cannot be a segment, and with its
// neighbour it is not far enough from the rest.
TEST(ChangePoints, ASpikeIsNoStep) {
  RandomStream random = Random(5).stream("spike");
  std::vector<double> values = noise(60, 0.007, 0, random);
  values[30] += 0.5;
  EXPECT_TRUE(find_change_points(values).empty());
}

// (0, 2) and (1, 4, 10): differences 1 4 10 -1 2 8, whose median is 3.
TEST(ChangePoints, ShiftIsTheMedianOfDifferences) {
  EXPECT_EQ(hodges_lehmann_shift(std::vector<double>{0, 2}, std::vector<double>{1, 4, 10}), 3);
}

// 5 % among noise of 0.7 %: found in each of 200 series, within one value of where it is.
TEST(ChangePoints, FindsFivePercentInQuietNoise) {
  RandomStream random = Random(1).stream("quiet");
  for (int trial = 0; trial < 200; ++trial) {
    std::vector<double> values = noise(60, 0.007, 0, random);
    for (std::size_t i = 40; i < values.size(); ++i) values[i] += std::log(1.05);
    const auto found = find_change_points(values);
    const bool near = std::any_of(found.begin(), found.end(), [](const ChangePoint& one) {
      return one.at >= 39 && one.at <= 41 && std::abs(one.shift - 0.05) < 0.01;
    });
    EXPECT_TRUE(near) << trial;
  }
}

// Small steps of noisy series with outliers: ranks see what a t test of means does not. At least
// nine in ten of 100 series, 60 values after the step.
TEST(ChangePoints, RanksSeeStepsAmongOutliers) {
  RandomStream random = Random(2).stream("outliers");
  int found = 0;
  for (int trial = 0; trial < 100; ++trial) {
    std::vector<double> values = noise(120, 0.015, 0.03, random);
    for (std::size_t i = 60; i < values.size(); ++i) values[i] += std::log(1.05);
    const auto points = find_change_points(values);
    found += std::any_of(points.begin(), points.end(),
                         [](const ChangePoint& one) { return one.at >= 56 && one.at <= 64; })
                 ? 1
                 : 0;
  }
  EXPECT_GE(found, 90);
}

// The mirror image of a series has the same steps with the other sign, and a series scaled up the
// same steps, larger.
TEST(ChangePoints, MirrorsAndScales) {
  RandomStream random = Random(3).stream("mirror");
  ChangePointRule rule;
  rule.drift_shift = 0;
  for (int trial = 0; trial < 20; ++trial) {
    std::vector<double> values = noise(90, 0.01, 0.02, random);
    for (std::size_t i = 33; i < values.size(); ++i) values[i] += 0.04;
    std::vector<double> mirrored, scaled;
    for (const double value : values) mirrored.push_back(-value), scaled.push_back(8 * value);
    const auto steps = find_change_points(values, rule);
    const auto other = find_change_points(mirrored, rule),
               larger = find_change_points(scaled, rule);
    ASSERT_EQ(other.size(), steps.size());
    ASSERT_EQ(larger.size(), steps.size());
    for (std::size_t i = 0; i < steps.size(); ++i) {
      EXPECT_EQ(other[i].at, steps[i].at);
      EXPECT_NEAR(other[i].shift, -steps[i].shift, 1e-12);
      EXPECT_EQ(larger[i].at, steps[i].at);
    }
  }
}

}  // namespace
}  // namespace inferbench
