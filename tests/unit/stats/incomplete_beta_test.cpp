#include "harness/stats/incomplete_beta.hpp"

#include <gtest/gtest.h>

#include <cmath>

namespace inferbench {
namespace {

// I_x(1, 1) = x; I_x(a, 1) = x^a; I_x(1, b) = 1 - (1-x)^b; I_x(2, 2) = 3x^2 - 2x^3
TEST(IncompleteBeta, MatchesItsClosedForms) {
  for (const double x : {0.0, 0.01, 0.3, 0.5, 0.8, 0.999, 1.0}) {
    EXPECT_NEAR(incomplete_beta(1, 1, x), x, 1e-14);
    EXPECT_NEAR(incomplete_beta(7, 1, x), std::pow(x, 7), 1e-14);
    EXPECT_NEAR(incomplete_beta(1, 5, x), 1 - std::pow(1 - x, 5), 1e-14);
    EXPECT_NEAR(incomplete_beta(2, 2, x), 3 * x * x - 2 * x * x * x, 1e-14);
  }
}

TEST(IncompleteBeta, IsItsOwnMirrorImage) {
  for (const double x : {0.1, 0.42, 0.77}) {
    EXPECT_NEAR(incomplete_beta(3.5, 12, x) + incomplete_beta(12, 3.5, 1 - x), 1, 1e-13);
  }
}

// The reference adds the terms of the sum one by one.
TEST(IncompleteBeta, BinomialEqualsItsSum) {
  for (const double p : {0.02, 0.5, 0.9}) {
    double term = std::pow(1 - p, 40), sum = term;
    for (int k = 0; k < 40; ++k) {
      EXPECT_NEAR(binomial_at_most(k, 40, p), sum, 1e-12) << k << " of 40 at " << p;
      term *= (40.0 - k) / (k + 1.0) * p / (1 - p);
      sum += term;
    }
  }
  EXPECT_EQ(binomial_at_most(40, 40, 0.3), 1);
  EXPECT_EQ(binomial_at_most(-1, 40, 0.3), 0);
}

}  // namespace
}  // namespace inferbench
