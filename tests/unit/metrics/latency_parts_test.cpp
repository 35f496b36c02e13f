#include "harness/metrics/latency_parts.hpp"

#include <gtest/gtest.h>

#include "records.hpp"

namespace inferbench {
namespace {

using namespace inferbench::literals;

// Due at 0; a first token after queue + GEMM, then two more, 5 ms of attention each.
RequestRecord taken_apart(std::uint64_t id, Duration queue, Duration gemm) {
  RequestRecord record;
  record.id = RequestId(id);
  record.outcome = Outcome::completed;
  const Time first(queue + gemm);
  record.token_times = {first, first + 5ms, first + 10ms};
  record.parts = std::make_shared<RequestParts>();
  record.parts->first_token[TimePart::queue] = queue;
  record.parts->first_token[TimePart::gemm] = record.parts->first_token.prefill = gemm;
  record.parts->answer[TimePart::attention] = 10ms;
  return record;
}

double part(const LatencyParts& latency, TimePart which) {
  return latency.parts.at(static_cast<std::size_t>(which)).second;
}

// Queues of 0, 1, ... 9 ms and 2 ms of GEMM: 4.5 + 2 ms on average; the slowest waited for 9.
TEST(LatencyParts, AddUpToTheMeanAndShowTheSlowest) {
  std::vector<RequestRecord> records;
  for (std::uint64_t i = 0; i < 10; ++i) {
    records.push_back(taken_apart(i, Duration(1ms) * static_cast<std::int64_t>(i), 2ms));
  }
  const auto all = latency_parts(records);
  ASSERT_EQ(all.size(), 4U);
  EXPECT_EQ(all[0].metric, "ttft");
  EXPECT_EQ(all[0].over, "all");
  EXPECT_EQ(all[0].count, 10U);
  EXPECT_DOUBLE_EQ(all[0].mean_ms, 6.5);
  EXPECT_DOUBLE_EQ(part(all[0], TimePart::queue), 4.5);
  EXPECT_DOUBLE_EQ(part(all[0], TimePart::gemm), 2);
  EXPECT_DOUBLE_EQ(all[0].prefill_ms, 2);
  EXPECT_EQ(all[1].over, "slowest_tenth");
  EXPECT_EQ(all[1].count, 1U);
  EXPECT_DOUBLE_EQ(part(all[1], TimePart::queue), 9);
  EXPECT_EQ(all[2].metric, "tpot");
  EXPECT_DOUBLE_EQ(all[2].mean_ms, 5);
  EXPECT_DOUBLE_EQ(part(all[2], TimePart::attention), 5);
  EXPECT_EQ(all[3].over, "slowest_tenth");
}

// Nobody took this run apart; and one token has no gaps.
TEST(LatencyParts, AreAbsentWhereNothingIsKnown) {
  RequestRecord record = taken_apart(0, 0ms, 1ms);
  record.parts.reset();
  EXPECT_TRUE(latency_parts(std::vector{record}).empty());
  record = taken_apart(0, 0ms, 1ms);
  record.token_times = {Time(1ms)};
  EXPECT_EQ(latency_parts(std::vector{record}).size(), 2U);
}

}  // namespace
}  // namespace inferbench
