#include "harness/stats/mann_whitney.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <vector>

#include "harness/base/random.hpp"

namespace inferbench {
namespace {

// {1, 2} against {3, 4, 5}: 1 of the 10 ways to choose two of five is as low, 1 as high: 0.2.
TEST(MannWhitney, OfFewValuesIsWorkedOutByHand) {
  EXPECT_DOUBLE_EQ(mann_whitney_p(std::vector{1.0, 2.0}, std::vector{3.0, 4.0, 5.0}), 0.2);
  EXPECT_DOUBLE_EQ(mann_whitney_p(std::vector{1.0, 3.0}, std::vector{2.0, 4.0, 5.0}), 0.4);
  EXPECT_DOUBLE_EQ(mann_whitney_p(std::vector{1.0}, std::vector{2.0}), 1);
  EXPECT_DOUBLE_EQ(mann_whitney_p(std::vector{1.0, 1.0}, std::vector{1.0, 1.0}), 1);
}

// The reference: every choice of 5 of the 11 ranks, and how many have a U as far from the middle.
TEST(MannWhitney, AgreesWithEnumeration) {
  RandomStream random(1, "samples");
  for (int repeat = 0; repeat < 30; ++repeat) {
    std::vector<double> all(11);
    for (double& value : all) value = random.normal(0, 1);
    const auto u_of = [&](unsigned choice) {
      double u = 0;
      for (unsigned i = 0; i < 11; ++i) {
        for (unsigned j = 0; j < 11; ++j) {
          u += (choice >> i & 1) != 0 && (choice >> j & 1) == 0 && all[i] > all[j];
        }
      }
      return std::min(u, 30 - u);
    };
    double as_far = 0, choices = 0;
    const double seen = u_of(0b11111);
    for (unsigned choice = 0; choice < 1U << 11; ++choice) {
      if (__builtin_popcount(choice) != 5) continue;
      ++choices;
      as_far += u_of(choice) <= seen;
    }
    const std::span<const double> values(all);
    EXPECT_NEAR(mann_whitney_p(values.first(5), values.subspan(5)), as_far / choices, 1e-12);
  }
}

// The exact and the approximate answer meet: one tie makes it the approximation.
TEST(MannWhitney, ApproximatesLargerSamples) {
  RandomStream random(2, "large");
  std::vector<double> a(40), b(45);
  for (double& value : a) value = random.normal(0.3, 1);
  for (double& value : b) value = random.normal(0, 1);
  const double exact = mann_whitney_p(a, b);
  std::vector<double> a_tied = a;
  std::sort(a_tied.begin(), a_tied.end());
  a_tied[0] = a_tied[1];
  EXPECT_NEAR(mann_whitney_p(a_tied, b), exact, 0.005);
  EXPECT_DOUBLE_EQ(mann_whitney_p(b, a), exact);
}

}  // namespace
}  // namespace inferbench
