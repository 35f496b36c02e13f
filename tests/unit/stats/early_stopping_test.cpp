#include "harness/stats/early_stopping.hpp"

#include <gtest/gtest.h>

namespace inferbench {
namespace {

// Computed with exact rational arithmetic from the binomial sum.
TEST(EarlyStopping, LeastSamplesMatchLoadGensTable) {
  struct Row {
    double percentile;
    std::uint64_t over0, over1, over2, over10, over100;
  };
  for (const Row& row :
       {Row{90, 44, 64, 81, 197, 1'246}, Row{97, 152, 219, 277, 667, 4'182},
        Row{99, 459, 662, 838, 2'010, 12'571}, Row{99.9, 4'603, 6'636, 8'403, 20'140, 125'826}}) {
    EXPECT_EQ(least_samples(row.percentile, 0), row.over0) << row.percentile;
    EXPECT_EQ(least_samples(row.percentile, 1), row.over1) << row.percentile;
    EXPECT_EQ(least_samples(row.percentile, 2), row.over2) << row.percentile;
    EXPECT_EQ(least_samples(row.percentile, 10), row.over10) << row.percentile;
    EXPECT_EQ(least_samples(row.percentile, 100), row.over100) << row.percentile;
  }
}

// 0.5^7 = 1/128 is the first power of a half below 1 %.
TEST(EarlyStopping, AMedianNeedsSevenSamples) {
  EXPECT_EQ(least_samples(50), 7U);
}

TEST(EarlyStopping, BothTailsNeedTheSame) {
  EXPECT_EQ(least_samples_of_either_tail(1), 459U);
  EXPECT_EQ(least_samples_of_either_tail(99), 459U);
}

TEST(EarlyStopping, SupportTurnsAtTheLeastCount) {
  EXPECT_FALSE(supports_percentile(99, 458, 0));
  EXPECT_TRUE(supports_percentile(99, 459, 0));
  EXPECT_FALSE(supports_percentile(99, 0, 0));
  EXPECT_FALSE(supports_percentile(99, 10, 10));
}

}  // namespace
}  // namespace inferbench
