#include "harness/stats/signed_rank.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <vector>

#include "harness/base/random.hpp"

namespace inferbench {
namespace {

// The reference: all 2^n signs, one after another; ranks by counting.
double enumerated_p(const std::vector<double>& differences) {
  const std::size_t n = differences.size();
  std::vector<double> ranks(n);
  double w = 0;
  for (std::size_t i = 0; i < n; ++i) {
    double below = 0, equal = 0;
    for (const double other : differences) {
      below += std::abs(other) < std::abs(differences[i]);
      equal += std::abs(other) == std::abs(differences[i]);
    }
    ranks[i] = below + (equal + 1) / 2;
    if (differences[i] > 0) w += ranks[i];
  }
  std::size_t as_large = 0;
  for (std::size_t signs = 0; signs < std::size_t{1} << n; ++signs) {
    double sum = 0;
    for (std::size_t i = 0; i < n; ++i) sum += signs >> i & 1 ? ranks[i] : 0;
    as_large += sum >= w;
  }
  return static_cast<double>(as_large) / static_cast<double>(std::size_t{1} << n);
}

// Signs of 1, 2, 3: sums 0, 1, 2, 3, 3, 4, 5, 6, each with probability 1/8.
TEST(SignedRank, OfThreeDifferencesIsWorkedOutByHand) {
  const SignedRankTable table(3);
  EXPECT_EQ(table.at_least(0), 1);
  EXPECT_EQ(table.at_least(3), 5.0 / 8);
  EXPECT_EQ(table.at_least(6), 1.0 / 8);
  EXPECT_EQ(table.at_least(7), 0);
  EXPECT_EQ(table.critical(0.3), 5U);  // P[W >= 5] = 2/8, P[W >= 4] = 3/8
  EXPECT_EQ(table.critical(0.25), 5U);
  EXPECT_EQ(table.critical(0.1), std::nullopt);
  EXPECT_EQ(signed_rank_p(std::vector{1.0, 2.0, 3.0}), 1.0 / 8);
  EXPECT_EQ(signed_rank_p(std::vector{-1.0, 2.0, 3.0}), 2.0 / 8);
  EXPECT_EQ(signed_rank_p(std::vector{-1.0, -2.0, -3.0}), 1);
}

TEST(SignedRank, AgreesWithEnumerationUpToTwenty) {
  RandomStream random(1, "differences");
  for (std::size_t n = 1; n <= 20; ++n) {
    const SignedRankTable table(n);
    std::vector<double> differences(n);
    for (double& d : differences) d = random.normal(0.5, 1);
    const double expected = enumerated_p(differences);
    EXPECT_NEAR(signed_rank_p(differences), expected, 1e-14) << n;
    EXPECT_NEAR(signed_rank_p(differences, &table), expected, 1e-14) << n;
  }
}

// Values from a grid of seven: ties in nearly every draw, zeros in many. A zero counts as negative,
// in the reference because it is not positive.
TEST(SignedRank, AgreesWithEnumerationWhenTied) {
  RandomStream random(2, "grid");
  for (std::size_t n = 2; n <= 14; ++n) {
    const SignedRankTable table(n);
    std::vector<double> differences(n);
    for (double& d : differences) d = static_cast<double>(random.between(-3, 3));
    EXPECT_NEAR(signed_rank_p(differences, &table), enumerated_p(differences), 1e-14) << n;
  }
}

// W and n(n+1)/2 - W share a distribution, whose probabilities end at the all-positive 2^-n.
TEST(SignedRank, OfManyDifferencesIsSymmetricAndEndsWhereItMust) {
  const SignedRankTable table(160);
  EXPECT_EQ(table.at_least(table.largest()), std::ldexp(1.0, -160));
  for (const std::size_t w : {1UL, 100UL, 6000UL, 6440UL, 6500UL, 12000UL}) {
    EXPECT_NEAR(table.at_least(w) + table.at_least(table.largest() - w + 1), 1, 1e-13) << w;
  }
}

// Pair means of {1, 2, 6}: 1, 1.5, 2, 3.5, 4, 6: the median lies between 2 and 3.5.
TEST(HodgesLehmann, IsTheMedianOfPairMeans) {
  EXPECT_EQ(hodges_lehmann(std::vector{1.0, 2.0, 6.0}), 2.75);
  EXPECT_EQ(hodges_lehmann(std::vector{5.0}), 5);
  EXPECT_EQ(hodges_lehmann(std::vector{5.0, -5.0}), 0);
}

// P[W >= 6] = 1/8 of three: the range at that level reaches from the 6th largest to the 6th
// smallest pair mean, all of them.
TEST(SignedRankRange, OfThreeDifferencesIsWorkedOutByHand) {
  const SignedRankTable table(3);
  const std::vector<double> d = {1, 2, 6};
  const auto all = signed_rank_range(d, table, 0.125);
  ASSERT_TRUE(all);
  EXPECT_EQ(all->low, 1);
  EXPECT_EQ(all->high, 6);
  EXPECT_FALSE(signed_rank_range(d, table, 0.1));
}

// The range holds exactly the shifts that the test does not reject, and turns with its input.
TEST(SignedRankRange, HoldsWhatTheTestDoesNotReject) {
  RandomStream random(3, "range");
  const SignedRankTable table(18);
  for (int repeat = 0; repeat < 50; ++repeat) {
    std::vector<double> d(18), turned(18);
    for (std::size_t i = 0; i < d.size(); ++i) turned[i] = -(d[i] = random.normal(1, 2));
    const auto range = signed_rank_range(d, table, 0.01);
    ASSERT_TRUE(range);
    const auto p_of_shift = [&](double shift) {
      std::vector<double> shifted = d;
      for (double& value : shifted) value -= shift;
      return signed_rank_p(shifted);
    };
    EXPECT_LE(p_of_shift(range->low - 1e-9), 0.01);
    EXPECT_GT(p_of_shift(range->low + 1e-9), 0.01);
    const auto other = signed_rank_range(turned, table, 0.01);
    ASSERT_TRUE(other);
    EXPECT_EQ(other->low, -range->high);
    EXPECT_EQ(other->high, -range->low);
  }
}

}  // namespace
}  // namespace inferbench
