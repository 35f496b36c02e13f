#include "harness/stats/binomial_interval.hpp"

#include <gtest/gtest.h>

#include <cmath>

#include "harness/stats/incomplete_beta.hpp"

namespace inferbench {
namespace {

// No success in n: the upper bound solves (1 - p)^n = 0.025. Of 300 one-sided at 95 %, which is the
// upper end of 90 %: 1 - 0.05^(1/300) = 0.00994; of 299 it is the first below 1 %.
TEST(ClopperPearson, OfNoSuccessIsClosedForm) {
  const Interval none = clopper_pearson(0, 300);
  EXPECT_EQ(none.low, 0);
  EXPECT_NEAR(none.high, 1 - std::pow(0.025, 1 / 300.0), 1e-12);
  EXPECT_NEAR(clopper_pearson(0, 300, 0.90).high, 0.009936, 1e-6);
  EXPECT_LT(clopper_pearson(0, 299, 0.90).high, 0.01);
  EXPECT_GT(clopper_pearson(0, 298, 0.90).high, 0.01);
}

TEST(ClopperPearson, IsItsOwnMirrorImage) {
  for (const auto& [k, n] : {std::pair{0, 1}, {1, 1}, {3, 20}, {299, 300}, {150, 300}}) {
    const Interval of = clopper_pearson(k, n), others = clopper_pearson(n - k, n);
    EXPECT_NEAR(of.low, 1 - others.high, 1e-12) << k << " of " << n;
    EXPECT_NEAR(of.high, 1 - others.low, 1e-12) << k << " of " << n;
  }
}

// At the upper end, so few successes have the probability of a tail; at the lower end, so many.
TEST(ClopperPearson, LeavesATailAtEachEnd) {
  const Interval range = clopper_pearson(7, 50);
  EXPECT_NEAR(binomial_at_most(7, 50, range.high), 0.025, 1e-12);
  EXPECT_NEAR(1 - binomial_at_most(6, 50, range.low), 0.025, 1e-12);
}

}  // namespace
}  // namespace inferbench
