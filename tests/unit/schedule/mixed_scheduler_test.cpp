#include "harness/schedule/mixed_scheduler.hpp"

#include <gtest/gtest.h>

#include "tests/unit/schedule/schedule_support.hpp"

namespace inferbench {
namespace {

using namespace inferbench::testing_support;

// 10 tokens per step. r1's 7 do not fit beside r0's 4, and r2 does not pass it.
TEST(MixedScheduler, WholePromptsJoinTheDecodes) {
  MixedScheduler scheduler(limits(10, 100));
  scheduler.admit(request(0, 4, 5));
  scheduler.admit(request(1, 7, 5));
  scheduler.admit(request(2, 1, 5));
  EXPECT_EQ(step(scheduler), "r0 p4@0!");
  EXPECT_EQ(step(scheduler), "r0 d1@4!, r1 p7@0!, r2 p1@0!");
  EXPECT_EQ(step(scheduler), "r0 d1@5!, r1 d1@7!, r2 d1@1!");
}

// A prompt as large as the budget needs a step without decodes.
TEST(MixedScheduler, APromptAsLargeAsTheBudgetWaitsForTheDecodesToEnd) {
  MixedScheduler scheduler(limits(10, 100));
  scheduler.admit(request(0, 4, 3));
  scheduler.admit(request(1, 10, 2));
  EXPECT_EQ(step(scheduler), "r0 p4@0!");
  EXPECT_EQ(step(scheduler), "r0 d1@4!");
  EXPECT_EQ(step(scheduler), "r0 d1@5!");
  EXPECT_EQ(step(scheduler), "r1 p10@0!");
}

TEST(MixedScheduler, APromptLongerThanTheBudgetTakesWhatEachStepHasLeft) {
  MixedScheduler scheduler(limits(10, 100));
  scheduler.admit(request(0, 2, 9));
  scheduler.admit(request(1, 12, 2));
  EXPECT_EQ(step(scheduler), "r0 p2@0!, r1 p8@0");
  EXPECT_EQ(step(scheduler), "r0 d1@2!, r1 p4@8!");
}

// Two blocks of 4 tokens, both full with the prompts: r0's answer takes r1's block. r1 then
// computes 4 + 1 tokens as one prompt.
TEST(MixedScheduler, ThePreemptedComeBackWhole) {
  MixedScheduler scheduler(limits(100, 2));
  scheduler.admit(request(0, 4, 3));
  scheduler.admit(request(1, 4, 3));
  EXPECT_EQ(step(scheduler), "r0 p4@0!, r1 p4@0!");
  EXPECT_EQ(step(scheduler), "r0 d1@4!");
  EXPECT_EQ(step(scheduler), "r0 d1@5!");
  EXPECT_EQ(step(scheduler), "r1 p5@0!");
}

}  // namespace
}  // namespace inferbench
