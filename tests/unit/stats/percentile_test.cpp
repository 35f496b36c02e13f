#include "harness/stats/percentile.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <numeric>

#include "harness/base/random.hpp"

namespace inferbench {
namespace {

// Ranks of p90 in 10, 20, 30, 40:
//   linear         0.9 * 3 = 2.7 -> 30 + 0.7 * 10 = 37
//   nearest_rank   ceil(3.6) = 4th -> 40
//   loadgen_floor  x[floor(3.6)] = x[3] -> 40
TEST(Percentile, MethodsDifferAsDefined) {
  const std::vector<double> samples = {10, 20, 30, 40};
  EXPECT_DOUBLE_EQ(percentile_of_sorted(samples, 90, PercentileMethod::linear), 37);
  EXPECT_EQ(percentile_of_sorted(samples, 90, PercentileMethod::nearest_rank), 40);
  EXPECT_EQ(percentile_of_sorted(samples, 90, PercentileMethod::loadgen_floor), 40);
  EXPECT_DOUBLE_EQ(percentile_of_sorted(samples, 50, PercentileMethod::linear), 25);
  EXPECT_EQ(percentile_of_sorted(samples, 50, PercentileMethod::nearest_rank), 20);
  EXPECT_EQ(percentile_of_sorted(samples, 50, PercentileMethod::loadgen_floor), 30);
}

// 0.999 * 1000 is 999.0000000000001 in floating point: a careless ceil would take the 1000th.
TEST(Percentile, RoundingDustDoesNotMoveTheRank) {
  std::vector<double> samples(1000);
  std::iota(samples.begin(), samples.end(), 1);
  EXPECT_EQ(percentile_of_sorted(samples, 99.9, PercentileMethod::nearest_rank), 999);
  EXPECT_EQ(percentile_of_sorted(samples, 99.9, PercentileMethod::loadgen_floor), 1000);
}

TEST(Percentile, EndsAreTheExtremes) {
  const std::vector<double> samples = {1, 2, 3};
  for (const PercentileMethod method : {PercentileMethod::linear, PercentileMethod::nearest_rank,
                                        PercentileMethod::loadgen_floor}) {
    EXPECT_EQ(percentile_of_sorted(samples, 0, method), 1);
    EXPECT_EQ(percentile_of_sorted(samples, 100, method), 3);
    EXPECT_EQ(percentile_of_sorted(std::vector<double>{7}, 99, method), 7);
  }
}

TEST(Percentile, NeverDecreasesAlongThePercentileAndStaysInRange) {
  RandomStream random(7, "percentile_test");
  for (int round = 0; round < 50; ++round) {
    std::vector<double> samples(1 + random.below(200));
    for (double& sample : samples) sample = random.lognormal(0, 2);
    const std::vector<double> wanted = {1, 5, 10, 25, 50, 75, 90, 95, 97, 99, 99.9};
    for (const std::string& method : percentile_method_names()) {
      const auto values = percentiles(samples, wanted, *parse_percentile_method(method));
      EXPECT_TRUE(std::is_sorted(values.begin(), values.end())) << method;
      EXPECT_GE(values.front(), samples.front());
      EXPECT_LE(values.back(), samples.back());
    }
  }
}

TEST(Percentile, NamesReadBack) {
  EXPECT_EQ(parse_percentile_method("nearest_rank"), PercentileMethod::nearest_rank);
  EXPECT_FALSE(parse_percentile_method("nearest").has_value());
}

}  // namespace
}  // namespace inferbench
