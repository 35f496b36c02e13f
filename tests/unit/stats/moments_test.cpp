#include "harness/stats/moments.hpp"

#include <gtest/gtest.h>

#include <vector>

namespace inferbench {
namespace {

// Mean 5; squares of the distances 9+1+1+1+0+0+4+16 = 32; 32/7 = 4.571, root 2.138.
TEST(Moments, OfAWorkedExample) {
  const Moments out = moments(std::vector<double>{2, 4, 4, 4, 5, 5, 7, 9});
  EXPECT_EQ(out.count, 8U);
  EXPECT_EQ(out.mean, 5);
  EXPECT_NEAR(*out.stddev, 2.13809, 1e-5);
  EXPECT_EQ(out.min, 2);
  EXPECT_EQ(out.max, 9);
}

TEST(Moments, AreAbsentWithoutSamplesAndSpreadNeedsTwo) {
  EXPECT_FALSE(moments({}).mean.has_value());
  const Moments one = moments(std::vector<double>{3});
  EXPECT_EQ(one.mean, 3);
  EXPECT_FALSE(one.stddev.has_value());
}

TEST(Moments, KeepASmallSpreadAroundALargeMean) {
  const Moments out = moments(std::vector<double>{1e15, 1e15 + 1, 1e15 + 2});
  EXPECT_EQ(out.stddev, 1);
}

TEST(Moments, TheMeanOfEqualSamplesIsTheSample) {
  const Moments out = moments(std::vector<double>(7, 0.1));
  EXPECT_EQ(out.mean, 0.1);
  EXPECT_EQ(out.stddev, 0);
}

}  // namespace
}  // namespace inferbench
