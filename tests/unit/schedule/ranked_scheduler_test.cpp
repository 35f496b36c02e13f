#include "harness/schedule/ranked_scheduler.hpp"

#include <gtest/gtest.h>

#include "tests/unit/replay/replay_support.hpp"

namespace inferbench {
namespace {

using namespace inferbench::literals;
using namespace inferbench::testing_support;

SchedulerOptions two_ranks() {
  SchedulerOptions options = roomy();
  options.attention_ranks = 2;
  return options;
}

std::vector<int> ranks(const BatchPlan& plan) {
  std::vector<int> out;
  for (const BatchItem& item : plan.items) out.push_back(item.rank);
  return out;
}

// r0 and r1 go to ranks 0 and 1; r2 to rank 1, whose prompt is shorter.
TEST(RankedScheduler, ARequestGoesToTheLeastLoadedRank) {
  const auto scheduler = make_scheduler("in_flight", two_ranks());
  for (const Request& request : requests({{0ms, 50, 2}, {0ms, 10, 2}, {0ms, 5, 2}})) {
    scheduler->admit(request);
  }
  const BatchPlan& plan = scheduler->plan();
  EXPECT_EQ(ranks(plan), (std::vector<int>{0, 1, 1}));
  EXPECT_EQ(plan.items[2].request, RequestId(2));
}

// The budget holds on each rank: two prompts of 100 run in one step of 100 per rank.
TEST(RankedScheduler, EachRankHasItsOwnBudget) {
  ReplayOptions options;
  options.scheduler = two_ranks();
  options.scheduler.step_tokens = 100_tok;
  const auto out = replay(requests({{0ms, 100, 1}, {0ms, 100, 1}}), 10ms, options);
  EXPECT_EQ(out.stats[0].steps, 1U);
}

// Ranks meet in every layer's experts: while one has work, a step of the other takes as long.
TEST(RankedScheduler, RanksRunInLockStep) {
  ReplayOptions options;
  options.scheduler = two_ranks();
  const auto out = replay(requests({{0ms, 8, 3}, {5ms, 8, 1}}), 10ms, options);
  EXPECT_EQ(out.records[1].admitted, Time(10ms));  // an idle rank cannot start in mid-step
  EXPECT_EQ(out.records[1].ended, Time(20ms));
}

TEST(RankedScheduler, SumsTheStateOfItsRanks) {
  SchedulerOptions options = two_ranks();
  options.kv_blocks = 10;
  const auto scheduler = make_scheduler("in_flight", options);
  for (const Request& request : requests({{0ms, 16, 2}, {0ms, 32, 2}})) scheduler->admit(request);
  EXPECT_EQ(scheduler->state().waiting, 2);
  scheduler->plan();
  EXPECT_EQ(scheduler->state().running, 2);
  EXPECT_EQ(scheduler->state().kv_capacity, 20);
  EXPECT_EQ(scheduler->state().kv_used, 3);
}

}  // namespace
}  // namespace inferbench
