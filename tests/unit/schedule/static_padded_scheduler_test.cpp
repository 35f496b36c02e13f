#include "harness/schedule/static_padded_scheduler.hpp"

#include <gtest/gtest.h>

#include "tests/unit/replay/replay_support.hpp"
#include "tests/unit/schedule/schedule_support.hpp"

namespace inferbench {
namespace {

using namespace inferbench::literals;
using namespace inferbench::testing_support;

// Prompts of 8, 3 and 5 are rows of 8; two rows and half of the third fit into a step of 20. r1's
// answer ends first, and its place stays to the end of r2's.
TEST(StaticPaddedScheduler, PromptsArePaddedAndPlacesAreKept) {
  StaticPaddedScheduler scheduler(limits(20, 100));
  scheduler.admit(request(0, 8, 3));
  scheduler.admit(request(1, 3, 2));
  scheduler.admit(request(2, 5, 4));
  EXPECT_EQ(step(scheduler), "r0 p8@0!, r1 p3@0+5!, r2 p3@0+1");
  scheduler.admit(request(3, 1, 1));  // for the next batch
  EXPECT_EQ(step(scheduler), "r2 p2@3+2!");
  EXPECT_EQ(step(scheduler), "r0 d1@8!, r1 d1@3!, r2 d1@5!");
  EXPECT_EQ(step(scheduler), "r0 d1@9+1!, r2 d1@6!");
  EXPECT_EQ(step(scheduler), "r2 d1@7+2!");
  EXPECT_EQ(step(scheduler), "r3 p1@0!");
}

// Rows of 12 in steps of 10: r0's four tokens stand for three positions each, so three of them are
// 9 positions; the tenth would be a third of the next.
TEST(StaticPaddedScheduler, ARowLongerThanTheBudgetTakesSeveralSteps) {
  StaticPaddedScheduler scheduler(limits(10, 100));
  scheduler.admit(request(0, 4, 2));
  scheduler.admit(request(1, 12, 1));
  EXPECT_EQ(step(scheduler), "r0 p3@0+6, r1 p1@0");
  EXPECT_EQ(step(scheduler), "r0 p1@3+2!, r1 p7@1");
  EXPECT_EQ(step(scheduler), "r1 p4@8!");
  EXPECT_EQ(step(scheduler), "r0 d1@4+1!");
}

// A row of 40 with one token is computed at once, whatever the budget.
TEST(StaticPaddedScheduler, ATokenThatStandsForMoreThanAStepIsComputedAlone) {
  StaticPaddedScheduler scheduler(limits(10, 100));
  scheduler.admit(request(0, 1, 1));
  scheduler.admit(request(1, 40, 1));
  EXPECT_EQ(step(scheduler), "r0 p1@0+39!");
  EXPECT_EQ(step(scheduler), "r1 p10@0");
}

// Blocks of 4. Alone, r0 needs 4 + 5 - 1 tokens, 2 blocks; beside r1's prompt of 12 its row is 12 +
// 5 - 1, 4 blocks, and r1's 12 + 1 - 1, 3: with 6 blocks they do not share a batch, with 7 they do.
TEST(StaticPaddedScheduler, RowsAreReservedAtTheirPaddedLength) {
  const auto first_step = [](std::int64_t blocks) {
    StaticPaddedScheduler scheduler(limits(100, blocks));
    scheduler.admit(request(0, 4, 5));
    scheduler.admit(request(1, 12, 1));
    return text(scheduler.plan());
  };
  EXPECT_EQ(first_step(6), "r0 p4@0!");
  EXPECT_EQ(first_step(7), "r0 p4@0+8!, r1 p12@0!");
}

TEST(StaticPaddedScheduler, APrefilledRequestIsNotPadded) {
  StaticPaddedScheduler scheduler(limits(100, 100));
  scheduler.admit_prefilled(request(0, 12, 3));
  scheduler.admit(request(1, 4, 2));
  EXPECT_EQ(step(scheduler), "r1 p4@0!");
  const BatchPlan plan = scheduler.plan();
  EXPECT_EQ(text(plan), "r0 d1@12!, r1 d1@4!");
  EXPECT_TRUE(plan.items[0].starts);
}

// Prompts of one token and answers of 1 to 4: of 4 places x 4 steps, 1 + 2 + 3 + 4 are of use.
TEST(StaticPaddedScheduler, TheReplicaCountsThePadding) {
  ReplayOptions options;
  options.policy = "static_padded";
  const auto out =
      replay(requests({{0ms, 1, 1}, {0ms, 1, 2}, {0ms, 1, 3}, {0ms, 1, 4}}), 10ms, options);
  EXPECT_EQ(out.stats[0].new_tokens, 10U);
  EXPECT_EQ(out.stats[0].padding, 6U);
}

}  // namespace
}  // namespace inferbench
