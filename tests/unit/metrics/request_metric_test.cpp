#include "harness/metrics/request_metric.hpp"

#include <gtest/gtest.h>

#include <set>

#include "tests/unit/metrics/records.hpp"

namespace inferbench {
namespace {

using namespace inferbench::literals;
using namespace inferbench::testing_support;

// Due at 10 ms, handed over at 12 ms, planned at 20 ms, tokens at 50, 60, 90 and 110 ms.
RequestRecord worked_example() {
  RequestRecord record = answered(0, 10ms, {50ms, 60ms, 90ms, 110ms});
  record.issued = Time(12ms);
  record.admitted = Time(20ms);
  return record;
}

TEST(RequestMetrics, OfAWorkedExample) {
  const RequestRecord record = worked_example();
  EXPECT_EQ(kTtft.of(record), 40);
  EXPECT_EQ(kTtftFromSend.of(record), 38);
  EXPECT_EQ(kQueueClient.of(record), 2);
  EXPECT_EQ(kQueueEngine.of(record), 8);
  EXPECT_EQ(kTtst.of(record), 10);
  EXPECT_EQ(kTpot.of(record), 20);             // (110 - 50) / 3
  EXPECT_EQ(kTpotInclFirst.of(record), 24.5);  // (110 - 12) / 4
  EXPECT_EQ(kNtpot.of(record), 25);            // (110 - 10) / 4
  EXPECT_EQ(kE2e.of(record), 100);
  EXPECT_EQ(kE2eFromSend.of(record), 98);
  EXPECT_EQ(kTpsUser.of(record), 50);
  EXPECT_EQ(kTpsUserE2e.of(record), 40);
}

// LoadGen divides by n - 1 = -1 after setting n to 0, and reports a negative TPOT; vLLM counts 0 as
// good. A one-token answer has no TPOT.
TEST(RequestMetrics, OneTokenHasNoTpot) {
  const RequestRecord record = answered(0, 0ms, {30ms});
  EXPECT_FALSE(kTpot.of(record).has_value());
  EXPECT_FALSE(kTpsUser.of(record).has_value());
  EXPECT_FALSE(kTtst.of(record).has_value());
  EXPECT_EQ(kNtpot.of(record), 30);
}

TEST(RequestMetrics, TokensAtOneInstantHaveNoSpeed) {
  EXPECT_FALSE(kTpsUser.of(answered(0, 0ms, {30ms, 30ms})).has_value());
}

TEST(RequestMetrics, AreNamedOnceWithUnitAndDefinition) {
  std::set<std::string_view> ids;
  for (const RequestMetric& metric : request_metrics()) {
    EXPECT_TRUE(ids.insert(metric.id).second) << metric.id;
    EXPECT_FALSE(metric.unit.empty() || metric.definition.empty()) << metric.id;
  }
  EXPECT_EQ(ids.size(), 12U);
}

}  // namespace
}  // namespace inferbench
