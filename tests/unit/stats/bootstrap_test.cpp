#include "harness/stats/bootstrap.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <vector>

#include "harness/base/random.hpp"

namespace inferbench {
namespace {

TEST(Bootstrap, ASampleThatNeverChangesHasNoWidth) {
  const std::vector<double> samples(20, 7.0);
  const Interval interval = bootstrap_median(samples);
  EXPECT_EQ(interval.low, 7.0);
  EXPECT_EQ(interval.high, 7.0);
}

TEST(Bootstrap, TwoSamplesGiveTheirRange) {
  const std::vector<double> samples = {3, 1};
  const Interval interval = bootstrap_median(samples);
  EXPECT_EQ(interval.low, 1.0);
  EXPECT_EQ(interval.high, 3.0);
}

TEST(Bootstrap, IsTheSameTwice) {
  const std::vector<double> samples = {5, 3, 8, 1, 9, 2, 7};
  const Interval a = bootstrap_median(samples), b = bootstrap_median(samples);
  EXPECT_EQ(a.low, b.low);
  EXPECT_EQ(a.high, b.high);
}

// A benchmark on a shared machine: a floor, jitter upwards, and spells in which everything is slow.
// The median of the process is taken from a run a thousand times as long.
std::vector<double> noisy_machine(RandomStream& random, std::size_t n) {
  std::vector<double> samples;
  bool slow = false;
  for (std::size_t i = 0; i < n; ++i) {
    if (random.uniform() < 0.5) slow = random.uniform() < 0.3;
    samples.push_back(100 + random.exponential(2) + (slow ? 8 + random.exponential(10) : 0));
  }
  return samples;
}

double share_covered(std::size_t n, std::size_t block) {
  RandomStream random(4, "noisy_machine");
  std::vector<double> lasting = noisy_machine(random, 200'000);
  std::nth_element(lasting.begin(), lasting.begin() + 100'000, lasting.end());
  const double truth = lasting[100'000];
  int covered = 0;
  constexpr int kRuns = 300;
  for (int run = 0; run < kRuns; ++run) {
    const auto samples = noisy_machine(random, n);
    const Interval interval = bootstrap_median(samples, {.resamples = 300, .block = block});
    covered += interval.low <= truth && truth <= interval.high;
  }
  return static_cast<double>(covered) / kRuns;
}

TEST(Bootstrap, CoversTheLongRunMedianOfANoisyMachine) {
  EXPECT_GE(share_covered(100, 0), 0.90);
}

// What the blocks are for: samples taken for independent promise too much.
TEST(Bootstrap, WithoutBlocksItWouldCoverLess) {
  EXPECT_LT(share_covered(100, 1), share_covered(100, 0));
}

}  // namespace
}  // namespace inferbench
