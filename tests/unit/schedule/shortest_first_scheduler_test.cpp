#include "harness/schedule/shortest_first_scheduler.hpp"

#include <gtest/gtest.h>

#include <map>

#include "harness/base/random.hpp"
#include "tests/unit/schedule/schedule_support.hpp"

namespace inferbench {
namespace {

using namespace inferbench::testing_support;

SchedulerOptions one_at_a_time(std::optional<std::int64_t> aging = {}) {
  SchedulerOptions options = limits(1000, 1000);
  options.max_batch = 1;
  options.aging = aging;
  return options;
}

std::string order_of(Scheduler& scheduler) {
  std::string order;
  while (scheduler.state().waiting > 0) {
    const std::string plan = step(scheduler);
    if (plan.find('p') != std::string::npos) order += plan.substr(0, 2);
  }
  return order;
}

// Known work is prompt and longest answer: r0 100 + 1, r1 20 + 20, r2 30 + 1.
TEST(ShortestFirstScheduler, TheShortestKnownWorkStartsFirst) {
  ShortestFirstScheduler scheduler(one_at_a_time(1));
  scheduler.admit(request(0, 100, 1));
  scheduler.admit(request(1, 20, 20));
  scheduler.admit(request(2, 30, 1));
  EXPECT_EQ(order_of(scheduler), "r2r1r0");
}

// It knows Request::max_output, never Request::output.
TEST(ShortestFirstScheduler, TheTrueAnswerIsNotLookedAt) {
  ShortestFirstScheduler scheduler(one_at_a_time(1));
  Request longest = request(0, 10, 5);
  longest.max_output = Tokens(100);
  scheduler.admit(longest);
  scheduler.admit(request(1, 10, 6));
  EXPECT_EQ(order_of(scheduler), "r1r0");
}

// With aging 10: r0's key is 51, those of r1, r2, ... 11 + 10 x admission: 21, 31, 41, 51, 61.
TEST(ShortestFirstScheduler, WaitingMakesUpForWork) {
  ShortestFirstScheduler scheduler(one_at_a_time(10));
  scheduler.admit(request(0, 50, 1));
  for (std::uint64_t id = 1; id < 6; ++id) scheduler.admit(request(id, 10, 1));
  EXPECT_EQ(order_of(scheduler), "r1r2r3r0r4r5");
}

// The bound of the docstring: at most work / aging later requests pass, however many come.
TEST(ShortestFirstScheduler, NobodyStarves) {
  RandomStream random(32, "shortest");
  for (int round = 0; round < 20; ++round) {
    const std::int64_t aging = random.between(1, 30);
    ShortestFirstScheduler scheduler(one_at_a_time(aging));
    std::map<std::uint64_t, std::int64_t> work, overtaken;
    const auto admit = [&](std::uint64_t id) {
      const std::int64_t input = random.between(1, 200);
      work[id] = input + 1;
      overtaken[id] = 0;
      scheduler.admit(request(id, input, 1));
    };
    for (std::uint64_t id = 0; id < 20; ++id) admit(id);
    for (std::uint64_t id = 20; !overtaken.empty(); ++id) {
      const BatchPlan plan = scheduler.plan();
      const std::uint64_t started = plan.items.at(0).request.value;
      scheduler.commit(plan.step, {});
      overtaken.erase(started);
      for (auto& [waiting, count] : overtaken) {
        if (waiting < started) ++count;
        EXPECT_LE(count, work[waiting] / aging);
      }
      if (id < 500) admit(id);
    }
  }
}

}  // namespace
}  // namespace inferbench
