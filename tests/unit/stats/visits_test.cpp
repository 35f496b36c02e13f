#include "harness/stats/visits.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <vector>

#include "harness/base/random.hpp"

namespace inferbench {
namespace {

std::vector<std::int64_t> visits_of(std::size_t visits, std::size_t each) {
  std::vector<std::int64_t> list;
  for (std::size_t i = 0; i < visits * each; ++i)
    list.push_back(static_cast<std::int64_t>(i / each));
  return list;
}

TEST(Visits, SamplesThatNeverChangeHaveNoWidth) {
  const std::vector<double> samples(24, 7.0);
  const Interval interval = visited_median(samples, visits_of(8, 3));
  EXPECT_EQ(interval.low, 7.0);
  EXPECT_EQ(interval.high, 7.0);
}

TEST(Visits, OneVisitIsTheBootstrap) {
  const std::vector<double> samples = {5, 3, 8, 1, 9, 2, 7};
  const Interval visited = visited_median(samples, visits_of(1, 7));
  const Interval plain = bootstrap_median(samples);
  EXPECT_EQ(visited.low, plain.low);
  EXPECT_EQ(visited.high, plain.high);
}

// Within each visit nothing moves, between two of them the median jumps by a tenth. Student's t of
// one degree of freedom at 95 % is 12.706; the logarithms spread by ln(1.1) / sqrt(2), of which two
// visits make ln(1.1) / 2 = 0.04766: a factor of exp(0.6055) = 1.832 either side of 1.05.
TEST(Visits, TwoVisitsThatDifferSayLittle) {
  const std::vector<double> samples = {1, 1, 1, 1.1, 1.1, 1.1};
  const Interval interval = visited_median(samples, visits_of(2, 3));
  EXPECT_NEAR(interval.low, 1.05 / 1.832, 0.001);
  EXPECT_NEAR(interval.high, 1.05 * 1.832, 0.001);
}

// Up and down in turns: no visit is like the one before. Of 12 coins, 2 or fewer heads fall 79
// times in 4096, 1.93 %, and 3 or fewer 7.3 %: the third least and the third most hold 96.1 %.
TEST(Visits, OrderStatisticsOfManyVisitsLeaveOutTheExtremes) {
  const std::vector<double> samples = {6, 7, 5, 8, 4, 9, 3, 10, 2, 11, 1, 12};
  const std::vector<std::int64_t> visits = visits_of(12, 1);
  EXPECT_EQ(effective_visits(samples), 12);
  const Interval within = bootstrap_median(samples), interval = visited_median(samples, visits);
  EXPECT_EQ(interval.low, std::min(3.0, within.low));
  EXPECT_EQ(interval.high, std::max(10.0, within.high));
}

// Eight visits, each slower than the one before: plainly not eight independent ones, and an
// interval that reaches beyond what was seen.
TEST(Visits, ADriftCountsAsFewVisits) {
  const std::vector<double> samples = {1, 2, 3, 4, 5, 6, 7, 8};
  EXPECT_EQ(effective_visits(samples), 2);
  const Interval interval = visited_median(samples, visits_of(8, 1));
  EXPECT_LT(interval.low, 1);
  EXPECT_GT(interval.low, 0);  // times stay positive
  EXPECT_GT(interval.high, 8);
}

TEST(Visits, LogarithmsMayBeNegative) {
  const std::vector<double> samples = {-0.1, 0.1, -0.1, 0.1};
  const Interval interval = visited_median(samples, visits_of(4, 1));
  EXPECT_LE(interval.low, -0.1);
  EXPECT_GE(interval.high, 0.1);
}

}  // namespace
}  // namespace inferbench
