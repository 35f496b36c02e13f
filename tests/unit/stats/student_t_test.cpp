#include "harness/stats/student_t.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <vector>

namespace inferbench {
namespace {

// Table values of Student's t, two-sided.
TEST(StudentT, GivesTheTableValues) {
  EXPECT_NEAR(student_t_two_sided(0.95, 1), 12.7062, 1e-4);
  EXPECT_NEAR(student_t_two_sided(0.95, 4), 2.7764, 1e-4);
  EXPECT_NEAR(student_t_two_sided(0.99, 30), 2.7500, 1e-4);
  EXPECT_NEAR(student_t_two_sided(0.95, 1e6), 1.95997, 1e-4);
}

// With one degree of freedom it is Cauchy's distribution: 1/2 + atan(t) / pi.
TEST(StudentT, OneDegreeOfFreedomIsCauchy) {
  const double pi = std::acos(-1.0);
  for (const double t : {-7.0, -1.0, 0.0, 0.3, 2.0, 50.0}) {
    EXPECT_NEAR(student_t_cdf(t, 1), 0.5 + std::atan(t) / pi, 1e-12) << t;
  }
}

// Batches {1, 3}, {3, 5}: means 2 and 4, mean 3, standard deviation sqrt(2), t(0.95, 1) = 12.7062;
// half width = 12.7062 x sqrt(2) / sqrt(2).
TEST(BatchMeans, WorkedOutByHand) {
  const std::vector<double> samples = {1, 3, 3, 5, 100};  // the last fits in no batch
  const auto interval = batch_means(samples, 2, 0.95);
  ASSERT_TRUE(interval);
  EXPECT_DOUBLE_EQ(interval->mean, 3);
  EXPECT_NEAR(interval->half_width, 12.7062, 1e-4);
  EXPECT_TRUE(interval->contains(-9));
  EXPECT_FALSE(interval->contains(16));
}

TEST(BatchMeans, TooFewSamplesGiveNone) {
  EXPECT_FALSE(batch_means(std::vector<double>{1, 2, 3}, 2, 0.95));
  EXPECT_FALSE(batch_means(std::vector<double>{1, 2, 3}, 1, 0.95));
}

}  // namespace
}  // namespace inferbench
