#include "harness/base/parallel_for.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <numeric>
#include <string>
#include <vector>

namespace inferbench {
namespace {

TEST(ParallelFor, VisitsEveryIndexOnceOnAnyNumberOfThreads) {
  for (const unsigned threads : {1U, 2U, 7U}) {
    std::vector<int> visits(1000);
    parallel_for(visits.size(), threads, [&](std::size_t i) { ++visits[i]; });
    EXPECT_EQ(visits, std::vector<int>(1000, 1)) << threads << " threads";
  }
}

TEST(ParallelFor, RethrowsTheFailureOfTheLowestIndex) {
  const auto body = [](std::size_t i) {
    if (i == 3 || i == 5) throw std::runtime_error(std::to_string(i));
  };
  try {
    parallel_for(6, 1, body);
    FAIL() << "nothing thrown";
  } catch (const std::runtime_error& error) {
    EXPECT_STREQ(error.what(), "3");
  }
}

TEST(ParallelFor, StopsWhenAsked) {
  std::atomic<int> done{0};
  parallel_for(
      1000, 2, [&](std::size_t) { ++done; }, [&] { return done >= 10; });
  EXPECT_LT(done, 1000);
}

}  // namespace
}  // namespace inferbench
