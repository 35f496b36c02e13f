#include "harness/schedule/priority_scheduler.hpp"

#include <gtest/gtest.h>

#include <map>

#include "harness/base/random.hpp"
#include "tests/unit/schedule/schedule_support.hpp"

namespace inferbench {
namespace {

using namespace inferbench::testing_support;

SchedulerOptions one_at_a_time(std::optional<std::int64_t> aging = {}) {
  SchedulerOptions options = limits(100, 100);
  options.max_batch = 1;
  options.aging = aging;
  return options;
}

TEST(PriorityScheduler, TheMostUrgentStartsFirstThenTheOldest) {
  PriorityScheduler scheduler(one_at_a_time());
  scheduler.admit(request(0, 8, 1, 1));
  scheduler.admit(request(1, 8, 1, 2));
  scheduler.admit(request(2, 8, 1, 0));
  scheduler.admit(request(3, 8, 1, 1));
  scheduler.admit(request(4, 8, 1, -5));
  std::string order;
  while (scheduler.state().waiting > 0) order += step(scheduler).substr(0, 2);
  EXPECT_EQ(order, "r4r2r0r3r1");
}

// With aging 2, a level of priority is worth 2 admissions: r0 (1, admitted 0th) has key 2, r1 (0,
// 1st) key 1, r2 (0, 2nd) key 2 and later, r3 (0, 3rd) key 3.
TEST(PriorityScheduler, WaitingMakesUpForALevel) {
  PriorityScheduler scheduler(one_at_a_time(2));
  scheduler.admit(request(0, 8, 1, 1));
  for (std::uint64_t id = 1; id < 4; ++id) scheduler.admit(request(id, 8, 1, 0));
  std::string order;
  while (scheduler.state().waiting > 0) order += step(scheduler).substr(0, 2);
  EXPECT_EQ(order, "r1r0r2r3");
}

// r0 is less urgent than r1, so r0's block goes to r1's answer although r0 is older.
TEST(PriorityScheduler, TheLeastUrgentIsPreempted) {
  PriorityScheduler scheduler(limits(100, 2));
  scheduler.admit(request(0, 4, 3, 1));
  scheduler.admit(request(1, 4, 3, 0));
  EXPECT_EQ(step(scheduler), "r1 p4@0!, r0 p4@0!");
  const BatchPlan plan = scheduler.plan();
  EXPECT_EQ(text(plan), "r1 d1@4!");
  EXPECT_EQ(plan.preempted, std::vector<RequestId>{RequestId(0)});
}

// The bound of the docstring, for a queue that urgent requests keep flooding.
TEST(PriorityScheduler, NobodyStarves) {
  RandomStream random(31, "priority");
  for (int round = 0; round < 20; ++round) {
    const std::int64_t aging = random.between(1, 30);
    PriorityScheduler scheduler(one_at_a_time(aging));
    std::map<std::uint64_t, std::int32_t> priority;
    std::map<std::uint64_t, std::map<std::int32_t, std::int64_t>> overtaken;  // by level
    const auto admit = [&](std::uint64_t id) {
      priority[id] = static_cast<std::int32_t>(random.below(4));
      scheduler.admit(request(id, 4, 1, priority[id]));
      overtaken[id];
    };
    for (std::uint64_t id = 0; id < 20; ++id) admit(id);
    for (std::uint64_t id = 20; !overtaken.empty(); ++id) {
      const BatchPlan plan = scheduler.plan();
      const std::uint64_t started = plan.items.at(0).request.value;
      scheduler.commit(plan.step, {});
      overtaken.erase(started);
      for (auto& [waiting, by] : overtaken) {
        if (waiting < started) ++by[priority[started]];
      }
      if (id < 500) admit(id);
      for (const auto& [waiting, by] : overtaken) {
        for (const auto& [level, count] : by) {
          EXPECT_LE(count, std::max<std::int64_t>(0, (priority[waiting] - level) * aging - 1));
        }
      }
    }
  }
}

}  // namespace
}  // namespace inferbench
