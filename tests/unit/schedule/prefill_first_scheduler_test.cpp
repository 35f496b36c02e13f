#include "harness/schedule/prefill_first_scheduler.hpp"

#include <gtest/gtest.h>

#include "tests/unit/replay/replay_support.hpp"
#include "tests/unit/schedule/schedule_support.hpp"

namespace inferbench {
namespace {

using namespace inferbench::literals;
using namespace inferbench::testing_support;

TEST(PrefillFirstScheduler, DecodesPauseWhilePromptsAreComputed) {
  PrefillFirstScheduler scheduler(limits(10, 100));
  scheduler.admit(request(0, 4, 5));
  EXPECT_EQ(step(scheduler), "r0 p4@0!");
  scheduler.admit(request(1, 7, 5));
  scheduler.admit(request(2, 4, 5));
  EXPECT_EQ(step(scheduler), "r1 p7@0!");  // 7 + 4 is above 10
  EXPECT_EQ(step(scheduler), "r2 p4@0!");
  EXPECT_EQ(step(scheduler), "r0 d1@4!, r1 d1@7!, r2 d1@4!");
}

TEST(PrefillFirstScheduler, DecodesGoOnWhenNoPromptFits) {
  PrefillFirstScheduler scheduler(limits(10, 2));  // 8 tokens
  scheduler.admit(request(0, 4, 3));
  scheduler.admit(request(1, 8, 1));
  EXPECT_EQ(step(scheduler), "r0 p4@0!");
  EXPECT_EQ(step(scheduler), "r0 d1@4!");
  EXPECT_EQ(step(scheduler), "r0 d1@5!");
  EXPECT_EQ(step(scheduler), "r1 p8@0!");
}

TEST(PrefillFirstScheduler, APromptLongerThanTheBudgetTakesWholeSteps) {
  PrefillFirstScheduler scheduler(limits(10, 100));
  scheduler.admit(request(0, 2, 9));
  EXPECT_EQ(step(scheduler), "r0 p2@0!");
  scheduler.admit(request(1, 12, 2));
  EXPECT_EQ(step(scheduler), "r1 p10@0");
  EXPECT_EQ(step(scheduler), "r1 p2@10!");
  EXPECT_EQ(step(scheduler), "r0 d1@2!, r1 d1@12!");
}

// Its prompt was computed elsewhere: it decodes at once, beside the others.
TEST(PrefillFirstScheduler, APrefilledRequestPausesNobody) {
  PrefillFirstScheduler scheduler(limits(10, 100));
  scheduler.admit(request(0, 4, 5));
  EXPECT_EQ(step(scheduler), "r0 p4@0!");
  scheduler.admit_prefilled(request(1, 6, 4));
  const BatchPlan plan = scheduler.plan();
  EXPECT_EQ(text(plan), "r1 d1@6!, r0 d1@4!");
  EXPECT_TRUE(plan.items[0].starts);
  EXPECT_FALSE(plan.items[1].starts);
}

// What the policy is known for (claims B10, B11), in steps of 10 ms: r1 arrives at 5 ms with a
// prompt that shares no step with decodes. Its first token comes at 20 ms either way, but r0 waits
// 20 ms for its second.
TEST(PrefillFirstScheduler, TradesGapsForFirstTokens) {
  const auto gap_of_first = [](const char* policy) {
    ReplayOptions options;
    options.policy = policy;
    const auto records = replay(requests({{0ms, 8, 3}, {5ms, 8, 2}}), 10ms, options).records;
    EXPECT_EQ(records[1].token_times[0], Time(20ms));
    return records[0].token_times[1] - records[0].token_times[0];
  };
  EXPECT_EQ(gap_of_first("mixed"), 10ms);
  EXPECT_EQ(gap_of_first("prefill_first"), 20ms);
}

}  // namespace
}  // namespace inferbench
