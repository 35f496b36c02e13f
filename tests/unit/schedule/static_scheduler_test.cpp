#include "harness/schedule/static_scheduler.hpp"

#include <gtest/gtest.h>

#include "tests/unit/replay/replay_support.hpp"

namespace inferbench {
namespace {

using namespace inferbench::literals;
using namespace inferbench::testing_support;

ReplayOptions batches_of(std::int64_t size) {
  ReplayOptions options;
  options.policy = "static";
  options.scheduler.max_batch = size;
  return options;
}

// Batches of two, steps of 10 ms. r0 and r1 run together until r1's fourth token; r2 waits for it
// although r0's place is empty from 20 ms on.
TEST(StaticScheduler, ABatchRunsUntilItsLongestAnswerIsComplete) {
  const auto records =
      replay(requests({{0ms, 8, 2}, {0ms, 8, 4}, {0ms, 8, 1}}), 10ms, batches_of(2)).records;
  EXPECT_EQ(records[0].ended, Time(20ms));
  EXPECT_EQ(records[1].ended, Time(40ms));
  EXPECT_EQ(records[2].admitted, Time(40ms));
  EXPECT_EQ(records[2].ended, Time(50ms));
}

// A batch forms from what waits when the system is free, not from what might still come.
TEST(StaticScheduler, ABatchDoesNotWaitForCompany) {
  const auto records = replay(requests({{0ms, 8, 2}, {1ms, 8, 1}}), 10ms, batches_of(2)).records;
  EXPECT_EQ(records[0].admitted, Time(0ms));
  EXPECT_EQ(records[1].admitted, Time(20ms));
}

// Two prompts of 60 under a budget of 100: steps of 60 + 40 and 20; decodes start after both.
TEST(StaticScheduler, DecodesWaitForTheBatchsLastPrompt) {
  ReplayOptions options = batches_of(2);
  options.scheduler.step_tokens = 100_tok;
  const auto records = replay(requests({{0ms, 60, 2}, {0ms, 60, 2}}), 10ms, options).records;
  EXPECT_EQ(records[0].token_times, (TokenTimes{Time(10ms), Time(30ms)}));
  EXPECT_EQ(records[1].token_times, (TokenTimes{Time(20ms), Time(30ms)}));
}

// Blocks for prompt and longest answer are reserved up front: the second request does not fit
// beside the first.
TEST(StaticScheduler, ReservesTheLongestAnswer) {
  ReplayOptions options = batches_of(2);
  options.scheduler.kv_blocks = 10;
  options.scheduler.block_tokens = 10_tok;
  auto two = requests({{0ms, 40, 2}, {0ms, 40, 2}});
  for (Request& request : two) request.max_output = 20_tok;
  const auto out = replay(two, 10ms, options);
  EXPECT_EQ(out.records[1].admitted, Time(20ms));
  EXPECT_EQ(out.stats[0].scheduler.kv_peak_used, 6);
}

}  // namespace
}  // namespace inferbench
