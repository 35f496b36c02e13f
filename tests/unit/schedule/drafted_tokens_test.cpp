// Speculative decoding in a paged scheduler: harness/schedule/drafted_tokens.cpp.

#include <gtest/gtest.h>

#include "harness/base/error.hpp"
#include "harness/schedule/in_flight_scheduler.hpp"
#include "harness/schedule/registry.hpp"
#include "tests/unit/schedule/schedule_support.hpp"

namespace inferbench {
namespace {

using namespace inferbench::testing_support;

SchedulerOptions drafting(std::int64_t drafts, std::int64_t step_tokens, std::int64_t blocks) {
  SchedulerOptions options = limits(step_tokens, blocks);
  options.draft_tokens = Tokens(drafts);
  return options;
}

StepResult accepting(std::vector<std::int32_t> accepted) {
  StepResult result;
  result.accepted = std::move(accepted);
  return result;
}

// Of 3 drafts 2 are accepted: 3 tokens are visible, and the next step starts behind them.
TEST(DraftedTokens, AStepMakesTheAcceptedAndOneMoreVisible) {
  InFlightScheduler scheduler(drafting(3, 100, 100));
  scheduler.admit(request(0, 4, 20));
  EXPECT_EQ(step(scheduler, accepting({0})), "r0 p4@0!");
  const BatchPlan plan = scheduler.plan();
  EXPECT_EQ(text(plan), "r0 d4@4!");
  const auto emitted = scheduler.commit(plan.step, accepting({2}));
  ASSERT_EQ(emitted.size(), 1U);
  EXPECT_EQ(emitted[0].tokens, Tokens(3));
  EXPECT_FALSE(emitted[0].last);
  EXPECT_EQ(step(scheduler, accepting({0})), "r0 d4@7!");
  EXPECT_EQ(step(scheduler, accepting({3})), "r0 d4@8!");
  EXPECT_EQ(text(scheduler.plan()), "r0 d4@12!");
}

// An executor that reports nothing accepted nothing: plain decoding.
TEST(DraftedTokens, WithoutAReportNothingIsAccepted) {
  InFlightScheduler scheduler(drafting(3, 100, 100));
  scheduler.admit(request(0, 4, 20));
  step(scheduler);
  EXPECT_EQ(step(scheduler), "r0 d4@4!");
  EXPECT_EQ(step(scheduler), "r0 d4@5!");
}

// The answer ends within what was accepted; and where at most 5 tokens may come, 1 + 3 drafts are
// followed by one decode without.
TEST(DraftedTokens, NothingIsEmittedOrDraftedBeyondTheAnswer) {
  InFlightScheduler scheduler(drafting(3, 100, 100));
  Request asked = request(0, 4, 3);
  asked.max_output = Tokens(10);
  scheduler.admit(asked);
  scheduler.admit(request(1, 4, 6));
  step(scheduler);
  const BatchPlan plan = scheduler.plan();
  EXPECT_EQ(text(plan), "r0 d4@4!, r1 d4@4!");
  const auto emitted = scheduler.commit(plan.step, accepting({3, 3}));
  EXPECT_EQ(emitted[0].tokens, Tokens(2));
  EXPECT_TRUE(emitted[0].last);
  EXPECT_EQ(emitted[1].tokens, Tokens(4));
  EXPECT_EQ(text(scheduler.plan()), "r1 d1@8!");
}

// Blocks of 4. r0 knows 5 tokens in 2 blocks; 4 drafts need a third, which is given back when they
// are rejected and kept when they are accepted.
TEST(DraftedTokens, BlocksOfRejectedDraftsAreGivenBack) {
  InFlightScheduler scheduler(drafting(4, 100, 100));
  scheduler.admit(request(0, 4, 20));
  step(scheduler);
  StepId planned = scheduler.plan().step;
  EXPECT_EQ(scheduler.pool().used(), 3);
  scheduler.commit(planned, accepting({0}));
  EXPECT_EQ(scheduler.pool().used(), 2);
  planned = scheduler.plan().step;
  scheduler.commit(planned, accepting({4}));  // 6 + 5 tokens known
  EXPECT_EQ(scheduler.pool().used(), 3);
  scheduler.pool().check();
}

// 4 blocks of 4: both need a second block for their own token, none is left for drafts beyond it,
// and nobody is preempted for one.
TEST(DraftedTokens, NobodyGivesWayToADraft) {
  InFlightScheduler scheduler(drafting(6, 100, 4));
  scheduler.admit(request(0, 4, 4));
  scheduler.admit(request(1, 4, 4));
  step(scheduler);
  const BatchPlan plan = scheduler.plan();
  EXPECT_EQ(text(plan), "r0 d3@4!, r1 d3@4!");
  EXPECT_TRUE(plan.preempted.empty());
}

// 10 tokens per step are two decodes with 4 drafts each, so no third request runs.
TEST(DraftedTokens, AStepHasRoomForAllDraftsOfWhoRuns) {
  InFlightScheduler scheduler(drafting(4, 10, 100));
  for (std::uint64_t id = 0; id < 3; ++id) scheduler.admit(request(id, 2, 20));
  EXPECT_EQ(step(scheduler), "r0 p2@0!, r1 p2@0!");
  EXPECT_EQ(step(scheduler), "r0 d5@2!, r1 d5@2!");
}

TEST(DraftedTokens, AStepSmallerThanOneDecodeIsRefused) {
  try {
    InFlightScheduler scheduler(drafting(4, 4, 100));
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.place(), "--step-tokens");
  }
}

// Ranks are told of their own items alone: r0 and r2 on rank 0, r1 on rank 1.
TEST(DraftedTokens, EveryRankHearsOfItsOwnItems) {
  SchedulerOptions options = drafting(3, 100, 100);
  options.attention_ranks = 2;
  const auto scheduler = make_scheduler("in_flight", options);
  for (std::uint64_t id = 0; id < 3; ++id) scheduler->admit(request(id, 4, 20));
  step(*scheduler);
  const BatchPlan plan = scheduler->plan();
  EXPECT_EQ(text(plan), "r0 d4@4!, r2 d4@4!, r1 d4@4!");
  const auto emitted = scheduler->commit(plan.step, accepting({0, 1, 2}));
  EXPECT_EQ(emitted[0].tokens, Tokens(1));
  EXPECT_EQ(emitted[1].tokens, Tokens(2));
  EXPECT_EQ(emitted[2].tokens, Tokens(3));
  EXPECT_EQ(step(*scheduler), "r0 d4@5!, r2 d4@6!, r1 d4@7!");
}

}  // namespace
}  // namespace inferbench
