#include "harness/metrics/itl.hpp"

#include <gtest/gtest.h>

#include <numeric>

#include "tests/unit/metrics/records.hpp"

namespace inferbench {
namespace {

using namespace inferbench::literals;
using namespace inferbench::testing_support;

std::vector<double> gaps_of(const std::vector<Duration>& tokens) {
  std::vector<double> gaps;
  append_gaps(answered(0, 0ms, tokens), gaps);
  return gaps;
}

TEST(Itl, OneSamplePerGap) {
  EXPECT_EQ(gaps_of({10ms, 15ms, 35ms}), (std::vector<double>{5, 20}));
  EXPECT_TRUE(gaps_of({10ms}).empty());
}

// Three tokens after 30 ms are three gaps of 10 ms, not one of 30 and two of 0.
TEST(Itl, AChunksGapIsSharedByItsTokens) {
  EXPECT_EQ(gaps_of({10ms, 40ms, 40ms, 40ms}), (std::vector<double>{10, 10, 10}));
}

TEST(Itl, SamplesAddUpToTheSpanAndAreOneFewerThanTokens) {
  const auto gaps = gaps_of({10ms, 10ms, 20ms, 50ms, 50ms, 60ms});
  EXPECT_EQ(gaps.size(), 5U);
  EXPECT_DOUBLE_EQ(std::accumulate(gaps.begin(), gaps.end(), 0.0), 50);
}

}  // namespace
}  // namespace inferbench
