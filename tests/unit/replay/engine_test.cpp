#include "harness/replay/engine.hpp"

#include <gtest/gtest.h>

#include "tests/unit/replay/replay_support.hpp"

namespace inferbench {
namespace {

using namespace inferbench::literals;
using namespace inferbench::testing_support;

Duration ttft(const RequestRecord& record) {
  return record.token_times.front() - record.scheduled;
}

Duration e2e(const RequestRecord& record) {
  return record.token_times.back() - record.scheduled;
}

std::vector<Duration> times(const RequestRecord& record) {
  std::vector<Duration> out;
  for (const Time time : record.token_times) out.push_back(time.time_since_epoch());
  return out;
}

// Every step takes 10 ms. Request 1 arrives while step 1 runs, so it joins step 2:
//   step    1        2        3        4
//   ends   10 ms    20 ms    30 ms    40 ms
//   r0     token 1  token 2  token 3
//   r1              token 1  token 2  token 3
TEST(Engine, ArrivalDuringAStepJoinsTheNextOne) {
  const auto records = replay(requests({{0ms, 128, 3}, {5ms, 128, 3}}), 10ms).records;
  EXPECT_EQ(times(records[0]), (std::vector<Duration>{10ms, 20ms, 30ms}));
  EXPECT_EQ(times(records[1]), (std::vector<Duration>{20ms, 30ms, 40ms}));
  EXPECT_EQ(ttft(records[1]), 15ms);
  EXPECT_EQ(e2e(records[1]), 35ms);
  EXPECT_EQ(records[1].issued, Time(5ms));
  EXPECT_EQ(records[1].admitted, Time(10ms));
  EXPECT_EQ(records[1].ended, Time(40ms));
}

TEST(Engine, ArrivalWhenAStepEndsJoinsTheNextOne) {
  const auto records = replay(requests({{0ms, 8, 3}, {10ms, 8, 1}}), 10ms).records;
  EXPECT_EQ(times(records[1]), (std::vector<Duration>{20ms}));
}

// Budget 100: a prompt of 250 tokens takes steps of 100, 100 and 50 and shows its first token after
// the third.
TEST(Engine, ALongPromptIsComputedInChunks) {
  ReplayOptions options;
  options.scheduler.step_tokens = 100_tok;
  const auto records = replay(requests({{0ms, 250, 2}}), 10ms, options).records;
  EXPECT_EQ(times(records[0]), (std::vector<Duration>{30ms, 40ms}));
}

// The step that computes a chunk also decodes: r0's answer goes on every 10 ms.
TEST(Engine, ChunksLeaveDecodesGoing) {
  ReplayOptions options;
  options.scheduler.step_tokens = 100_tok;
  const auto records = replay(requests({{0ms, 50, 6}, {10ms, 299, 1}}), 10ms, options).records;
  EXPECT_EQ(times(records[0]), (std::vector<Duration>{10ms, 20ms, 30ms, 40ms, 50ms, 60ms}));
  // 299 tokens in chunks of 99, 99, 99 and 2
  EXPECT_EQ(times(records[1]), (std::vector<Duration>{50ms}));
}

TEST(Engine, ARequestThatCanNeverRunIsRejectedAtOnce) {
  ReplayOptions options;
  options.scheduler.kv_blocks = 4;  // 64 tokens
  const auto records = replay(requests({{1ms, 64, 1}, {2ms, 65, 1}, {3ms, 60, 6}}), 10ms, options);
  EXPECT_EQ(records.records[0].outcome, Outcome::completed);
  EXPECT_EQ(records.records[1].outcome, Outcome::rejected);
  EXPECT_EQ(records.records[1].ended, Time(2ms));
  EXPECT_TRUE(records.records[1].token_times.empty());
  EXPECT_FALSE(records.records[1].admitted.has_value());
  EXPECT_EQ(records.records[2].outcome, Outcome::rejected);  // 65 keys and values
}

TEST(Engine, ARequestBeyondTheModelsContextIsRejected) {
  ReplayOptions options;
  options.scheduler.context = 100_tok;
  const auto records = replay(requests({{0ms, 90, 10}, {0ms, 90, 11}}), 10ms, options).records;
  EXPECT_EQ(records[0].outcome, Outcome::completed);
  EXPECT_EQ(records[1].outcome, Outcome::rejected);
}

// Two users, three requests of two tokens: the third is due when the first two end, after 20 ms.
TEST(Engine, AClosedLoopAsksAgainWhenAnAnswerEnds) {
  UsersSource source(requests({{0ms, 8, 2}, {0ms, 8, 2}, {0ms, 8, 2}}), 2);
  FixedCostExecutor executor(10ms);
  const auto records = replay(source, executor).records;
  EXPECT_EQ(records[2].scheduled, Time(20ms));
  EXPECT_EQ(times(records[2]), (std::vector<Duration>{30ms, 40ms}));
}

TEST(Engine, ThinkTimeDelaysTheNextRequest) {
  UsersSource source(requests({{0ms, 8, 1}, {0ms, 8, 1}}), 1, 5ms);
  FixedCostExecutor executor(10ms);
  const auto records = replay(source, executor).records;
  EXPECT_EQ(records[1].scheduled, Time(15ms));
  EXPECT_EQ(times(records[1]), (std::vector<Duration>{25ms}));
}

// A user whose request is rejected asks again at the same instant.
TEST(Engine, ARejectionFeedsTheClosedLoop) {
  ReplayOptions options;
  options.scheduler.kv_blocks = 1;
  UsersSource source(requests({{0ms, 100, 1}, {0ms, 100, 1}, {0ms, 4, 1}}), 1);
  FixedCostExecutor executor(10ms);
  const auto records = replay(source, executor, options).records;
  EXPECT_EQ(records[1].outcome, Outcome::rejected);
  EXPECT_EQ(records[2].scheduled, Time(0ms));
  EXPECT_EQ(records[2].outcome, Outcome::completed);
}

TEST(Engine, ACutLeavesOpenRequestsUnfinished) {
  ReplayOptions options;
  options.cut = Time(25ms);
  const auto records = replay(requests({{0ms, 8, 2}, {0ms, 8, 9}, {30ms, 8, 1}}), 10ms, options);
  ASSERT_EQ(records.records.size(), 2U);  // the third was never due
  EXPECT_EQ(records.records[0].outcome, Outcome::completed);
  EXPECT_EQ(records.records[1].outcome, Outcome::unfinished);
  EXPECT_EQ(records.records[1].token_times.size(), 2U);
  EXPECT_EQ(records.records[1].ended, Time(25ms));
}

// Both end with the step at 10 ms; the younger stands first in the plan of nobody: ties go by id.
TEST(Engine, RecordsLeaveInOrderOfEndingThenId) {
  const Replayed out = replay(requests({{0ms, 8, 2}, {0ms, 8, 1}, {0ms, 8, 1}}), 10ms);
  EXPECT_EQ(out.order, (std::vector<RequestId>{RequestId(1), RequestId(2), RequestId(0)}));
}

// Two blocks of 4 tokens. Both prompts fill a block; the second answer token of either needs a
// second block, and the older one takes the younger one's:
//   step     1            2                  3            4                     5
//   r0       token 1      token 2            token 3, end
//   r1       token 1      preempted, queued               token 2 (recomputes)  token 3, end
TEST(Engine, WhenBlocksRunOutTheYoungestIsRecomputed) {
  ReplayOptions options;
  options.scheduler.kv_blocks = 2;
  options.scheduler.block_tokens = 4_tok;
  options.scheduler.watermark = 0;
  const Replayed out = replay(requests({{0ms, 4, 3}, {0ms, 4, 3}}), 10ms, options);
  EXPECT_EQ(times(out.records[0]), (std::vector<Duration>{10ms, 20ms, 30ms}));
  EXPECT_EQ(times(out.records[1]), (std::vector<Duration>{10ms, 40ms, 50ms}));
  EXPECT_EQ(out.records[0].preemptions, 0);
  EXPECT_EQ(out.records[1].preemptions, 1);
  EXPECT_EQ(out.stats[0].preemptions, 1U);
}

TEST(Engine, AnEmptyWorkloadEndsAtOnce) {
  EXPECT_TRUE(replay(requests({}), 10ms).records.empty());
}

TEST(Engine, CountsStepsAndWork) {
  const ReplicaStats stats = replay(requests({{0ms, 100, 3}}), 10ms).stats[0];
  EXPECT_EQ(stats.steps, 3U);
  EXPECT_EQ(stats.new_tokens, 102U);
  EXPECT_EQ(stats.busy, 30ms);
  EXPECT_EQ(stats.scheduler.kv_peak_used, 7);  // 102 tokens in blocks of 16
  EXPECT_EQ(stats.scheduler.kv_used, 0);
}

}  // namespace
}  // namespace inferbench
