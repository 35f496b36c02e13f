#include "harness/metrics/concurrency.hpp"

#include <gtest/gtest.h>

#include "tests/unit/metrics/records.hpp"

namespace inferbench {
namespace {

using namespace inferbench::literals;
using namespace inferbench::testing_support;

// r0 0..40 ms, r1 10..30 ms, r2 60..80 ms:
//   open  1 (0..10)  2 (10..30)  1 (30..40)  0 (40..60)  1 (60..80)
//   mean  (10 + 40 + 10 + 0 + 20) / 80 = 1
TEST(Concurrency, OfAWorkedExample) {
  const std::vector<RequestRecord> records = {answered(0, 0ms, {40ms}), answered(1, 10ms, {30ms}),
                                              answered(2, 60ms, {80ms})};
  const Concurrency concurrency(records);
  EXPECT_EQ(concurrency.peak(), 2);
  EXPECT_DOUBLE_EQ(concurrency.mean(Time(0ms), Time(80ms)), 1);
  EXPECT_DOUBLE_EQ(concurrency.mean(Time(10ms), Time(30ms)), 2);
  EXPECT_DOUBLE_EQ(concurrency.mean(Time(35ms), Time(45ms)), 0.5);
  EXPECT_EQ(concurrency.active(), 60ms);
}

// One ends as the next begins: never two at once, as in a closed loop of one user.
TEST(Concurrency, AnEndAndABeginAtOneInstantDoNotOverlap) {
  const std::vector<RequestRecord> records = {answered(0, 0ms, {10ms}), answered(1, 10ms, {20ms})};
  EXPECT_EQ(Concurrency(records).peak(), 1);
}

TEST(Concurrency, RejectedRequestsWereNeverServed) {
  const std::vector<RequestRecord> records = {without_answer(0, Outcome::rejected, 5ms, 5ms),
                                              answered(1, 0ms, {10ms})};
  EXPECT_EQ(Concurrency(records).peak(), 1);
}

}  // namespace
}  // namespace inferbench
