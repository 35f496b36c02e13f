#include "harness/schedule/in_flight_scheduler.hpp"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace inferbench {
namespace {

using namespace inferbench::literals;

Request request(std::uint64_t id, std::int64_t input, std::int64_t output) {
  Request out;
  out.id = RequestId(id);
  out.input = Tokens(input);
  out.output = out.max_output = Tokens(output);
  return out;
}

SchedulerOptions limits(std::int64_t step_tokens, std::int64_t blocks) {
  SchedulerOptions options;
  options.step_tokens = Tokens(step_tokens);
  options.kv_blocks = blocks;
  options.block_tokens = 4_tok;
  options.watermark = 0;
  return options;
}

// "r0 d1@8" decodes r0 at context 8; "r1 p6@0!" computes 6 prompt tokens of r1 and emits.
std::string text(const BatchPlan& plan) {
  std::string out;
  for (const BatchItem& item : plan.items) {
    out += (out.empty() ? "" : ", ") + ("r" + std::to_string(item.request.value)) +
           (item.decode ? " d" : " p") + std::to_string(item.new_tokens.count()) + "@" +
           std::to_string(item.context.count()) + (item.emits ? "!" : "");
  }
  return out;
}

TEST(InFlightScheduler, DecodesFirstThenChunksThenNewRequests) {
  InFlightScheduler scheduler(limits(10, 100));
  scheduler.admit(request(0, 4, 5));
  scheduler.admit(request(1, 12, 5));
  scheduler.admit(request(2, 3, 5));
  const StepId first = scheduler.plan().step;
  EXPECT_EQ(text(scheduler.plan()), "");  // a step is in flight already
  scheduler.commit(first, {});
  EXPECT_EQ(text(scheduler.plan()), "r0 d1@4!, r1 p6@6!, r2 p3@0!");
}

TEST(InFlightScheduler, ThePlanOfTheFirstStepFillsTheBudget) {
  InFlightScheduler scheduler(limits(10, 100));
  scheduler.admit(request(0, 4, 5));
  scheduler.admit(request(1, 12, 5));
  EXPECT_EQ(text(scheduler.plan()), "r0 p4@0!, r1 p6@0");
}

// Its first token was generated where its prompt was computed, so it begins with the second.
TEST(InFlightScheduler, APrefilledRequestGoesOnAsADecode) {
  InFlightScheduler scheduler(limits(10, 100));
  scheduler.admit_prefilled(request(0, 4, 3));
  scheduler.admit(request(1, 3, 5));
  const BatchPlan plan = scheduler.plan();
  EXPECT_EQ(text(plan), "r0 d1@4!, r1 p3@0!");
  EXPECT_TRUE(plan.items[0].starts);
  EXPECT_FALSE(scheduler.commit(plan.step, {})[0].last);
  const StepId second = scheduler.plan().step;
  EXPECT_TRUE(scheduler.commit(second, {})[0].last);
}

TEST(InFlightScheduler, AdmitsInOrderAndDoesNotLetTheSmallPass) {
  InFlightScheduler scheduler(limits(100, 4));  // 16 tokens
  scheduler.admit(request(0, 8, 2));
  scheduler.admit(request(1, 12, 2));  // has to wait for r0's blocks
  scheduler.admit(request(2, 4, 2));   // would fit, but r1 was first
  EXPECT_EQ(text(scheduler.plan()), "r0 p8@0!");
}

// 10 blocks, half of which an admission leaves free: r1 waits, although its 2 blocks are there.
TEST(InFlightScheduler, TheWatermarkKeepsRoomForAnswers) {
  SchedulerOptions options = limits(100, 10);
  options.watermark = 0.5;
  InFlightScheduler scheduler(options);
  scheduler.admit(request(0, 16, 2));
  scheduler.admit(request(1, 8, 2));
  EXPECT_EQ(text(scheduler.plan()), "r0 p16@0!");
}

TEST(InFlightScheduler, TheWatermarkDoesNotHoldBackARequestAlone) {
  SchedulerOptions options = limits(100, 4);
  options.watermark = 0.9;
  InFlightScheduler scheduler(options);
  scheduler.admit(request(0, 16, 1));
  EXPECT_EQ(text(scheduler.plan()), "r0 p16@0!");
}

TEST(InFlightScheduler, NoMoreThanMaxBatchRun) {
  SchedulerOptions options = limits(100, 100);
  options.max_batch = 2;
  InFlightScheduler scheduler(options);
  for (std::uint64_t id = 0; id < 3; ++id) scheduler.admit(request(id, 4, 2));
  EXPECT_EQ(text(scheduler.plan()), "r0 p4@0!, r1 p4@0!");
  EXPECT_EQ(scheduler.state().waiting, 1);
}

// Four decoding requests, two stages: two micro-batches of two, oldest first.
TEST(InFlightScheduler, MicroBatchesAreBalanced) {
  SchedulerOptions options = limits(100, 100);
  options.steps_in_flight = 2;
  InFlightScheduler scheduler(options);
  for (std::uint64_t id = 0; id < 4; ++id) scheduler.admit(request(id, 4, 9));
  scheduler.commit(scheduler.plan().step, {});
  EXPECT_EQ(text(scheduler.plan()), "r0 d1@4!, r1 d1@4!");
  EXPECT_EQ(text(scheduler.plan()), "r2 d1@4!, r3 d1@4!");
  EXPECT_EQ(text(scheduler.plan()), "");
  scheduler.commit(StepId(1), {});
  EXPECT_EQ(text(scheduler.plan()), "r0 d1@5!, r1 d1@5!");
}

// Two blocks of 4 tokens, both full with the prompts: r0's answer takes r1's. Later r1 computes its
// prompt and the token it had as one prompt of 5.
TEST(InFlightScheduler, ThePreemptedAreNamedAndKeepTheirPlace) {
  InFlightScheduler scheduler(limits(100, 2));
  scheduler.admit(request(0, 4, 3));
  scheduler.admit(request(1, 4, 3));
  scheduler.admit(request(2, 4, 3));
  scheduler.commit(scheduler.plan().step, {});
  const BatchPlan tight = scheduler.plan();
  EXPECT_EQ(text(tight), "r0 d1@4!");
  EXPECT_EQ(tight.preempted, std::vector<RequestId>{RequestId(1)});
  scheduler.commit(tight.step, {});
  const BatchPlan last = scheduler.plan();
  EXPECT_EQ(text(last), "r0 d1@5!");
  scheduler.commit(last.step, {});
  EXPECT_EQ(text(scheduler.plan()), "r1 p5@0!");  // before r2, which came later
}

// A cancelled request's blocks stay taken until the step that uses them is committed.
TEST(InFlightScheduler, CancellingDuringAStepFreesBlocksAtItsCommit) {
  InFlightScheduler scheduler(limits(100, 10));
  scheduler.admit(request(0, 8, 5));
  const StepId step = scheduler.plan().step;
  scheduler.cancel(RequestId(0));
  EXPECT_EQ(scheduler.pool().used(), 2);
  EXPECT_TRUE(scheduler.commit(step, {}).empty());
  EXPECT_EQ(scheduler.pool().used(), 0);
}

TEST(InFlightScheduler, CancellingAnUnknownRequestIsHarmless) {
  InFlightScheduler scheduler(limits(100, 10));
  scheduler.cancel(RequestId(9));
  scheduler.admit(request(0, 8, 5));
  scheduler.cancel(RequestId(0));
  scheduler.cancel(RequestId(0));
  EXPECT_TRUE(scheduler.plan().empty());
}

}  // namespace
}  // namespace inferbench
