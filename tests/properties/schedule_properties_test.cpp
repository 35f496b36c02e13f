// What is true of every plan, seen by an executor and a scheduler that watch.

#include <gtest/gtest.h>

#include <map>
#include <set>

#include "harness/base/random.hpp"
#include "harness/schedule/in_flight_scheduler.hpp"
#include "tests/unit/replay/replay_support.hpp"

namespace inferbench {
namespace {

using namespace inferbench::literals;
using namespace inferbench::testing_support;

SchedulerOptions random_options(RandomStream& random) {
  SchedulerOptions options;
  options.step_tokens = Tokens(random.between(1, 100));
  options.max_batch = random.between(1, 30);
  options.block_tokens = Tokens(random.between(1, 8));
  options.kv_blocks = random.between(20, 100);
  options.steps_in_flight = random.between(1, 4);
  options.attention_ranks = random.between(1, 3);
  return options;
}

// Follows each request's computed tokens through the plans.
class WatchingExecutor final : public Executor {
 public:
  explicit WatchingExecutor(const SchedulerOptions& options) : options_(options) {}

  StepResult run(const BatchPlan& plan) override {
    for (const RequestId request : plan.preempted) computed_.erase(request);
    std::set<RequestId> seen;
    std::map<int, Tokens> by_rank;
    for (const BatchItem& item : plan.items) {
      EXPECT_TRUE(seen.insert(item.request).second) << "a request stands in a plan once";
      EXPECT_GE(item.new_tokens, Tokens(1));
      EXPECT_EQ(item.context, computed_[item.request]) << "chunks follow each other";
      EXPECT_EQ(item.starts, started_.insert(item.request).second);
      if (item.decode) {
        EXPECT_EQ(item.new_tokens, Tokens(1));
        EXPECT_TRUE(item.emits);
      }
      computed_[item.request] += item.new_tokens;
      by_rank[item.rank] += item.new_tokens;
    }
    for (const auto& [rank, tokens] : by_rank) {
      EXPECT_LT(rank, options_.attention_ranks);
      EXPECT_LE(tokens, options_.step_tokens);
    }
    return TokenCostExecutor(static_cast<int>(options_.steps_in_flight)).run(plan);
  }

 private:
  SchedulerOptions options_;
  std::map<RequestId, Tokens> computed_;
  std::set<RequestId> started_;
};

TEST(EveryPlan, KeepsTheBudgetAndTheOrderOfChunks) {
  RandomStream random(21, "every_plan");
  const auto policies = scheduler_names();
  for (int round = 0; round < 300; ++round) {
    ReplayOptions options;
    options.policy = policies[static_cast<std::size_t>(round) % policies.size()];
    options.scheduler = random_options(random);
    WatchingExecutor executor(options.scheduler);
    // Preemptions of a step without items would escape the executor; a roomy pool has none, and
    // WhatIsPreemptedIsSaid covers the others.
    options.scheduler.kv_blocks = 100'000;
    replay(random_requests(random.bits(), 40, 60, 40, Duration(random.between(0, 5'000))), executor,
           options);
  }
}

std::vector<BatchItem> items_until_first_end(const std::vector<Request>& workload,
                                             const SchedulerOptions& options) {
  const auto scheduler = make_scheduler("in_flight", options);
  for (const Request& request : workload) scheduler->admit(request);
  std::vector<BatchItem> items;
  std::vector<StepId> in_flight;
  while (true) {
    const BatchPlan& plan = scheduler->plan();
    items.insert(items.end(), plan.items.begin(), plan.items.end());
    if (!plan.empty()) in_flight.push_back(plan.step);
    if (in_flight.empty()) return items;
    if (!plan.empty() && static_cast<std::int64_t>(in_flight.size()) < options.steps_in_flight) {
      continue;
    }
    for (const Emission& emission : scheduler->commit(in_flight.front(), {})) {
      if (emission.last) return items;
    }
    in_flight.erase(in_flight.begin());
  }
}

bool equal(const BatchItem& a, const BatchItem& b) {
  return a.request == b.request && a.context == b.context && a.new_tokens == b.new_tokens &&
         a.decode == b.decode && a.emits == b.emits && a.starts == b.starts && a.rank == b.rank;
}

// Two workloads that differ in nothing but their true answer lengths are planned alike until the
// first answer ends: nobody peeked at Request::output.
TEST(EveryPlan, DoesNotKnowTheAnswersLength) {
  RandomStream random(22, "oracle");
  for (int round = 0; round < 100; ++round) {
    const SchedulerOptions options = random_options(random);
    auto workload = random_requests(random.bits(), 30, 40, 30, 0ns);
    for (Request& request : workload) request.max_output = 60_tok;
    auto other = workload;
    for (Request& request : other) request.output = Tokens(random.between(1, 60));
    const auto one = items_until_first_end(workload, options);
    const auto two = items_until_first_end(other, options);
    for (std::size_t i = 0; i < std::min(one.size(), two.size()); ++i) {
      ASSERT_TRUE(equal(one[i], two[i])) << "round " << round << ", item " << i;
    }
  }
}

// Drives a scheduler by hand with random cancellations and checks the pool at every step.
TEST(InFlightScheduling, KeepsItsBlocksThroughPreemptionAndCancellation) {
  RandomStream random(23, "cancel");
  for (int round = 0; round < 60; ++round) {
    SchedulerOptions options = random_options(random);
    options.attention_ranks = 1;
    InFlightScheduler scheduler(options);
    std::set<RequestId> open;
    for (const Request& request : random_requests(random.bits(), 40, 40, 40, 0ns)) {
      if (scheduler.admit(request) == Admission::queued) open.insert(request.id);
    }
    std::vector<StepId> in_flight;
    while (!open.empty()) {
      const BatchPlan& plan = scheduler.plan();
      if (!plan.empty()) in_flight.push_back(plan.step);
      scheduler.pool().check();
      if (random.below(8) == 0) {
        auto victim = open.begin();
        std::advance(victim, static_cast<std::ptrdiff_t>(random.below(open.size())));
        scheduler.cancel(*victim);
        open.erase(victim);
      }
      if (in_flight.empty()) continue;
      for (const Emission& emission : scheduler.commit(in_flight.front(), {})) {
        EXPECT_TRUE(open.contains(emission.request)) << "a cancelled request emits nothing";
        if (emission.last) open.erase(emission.request);
      }
      in_flight.erase(in_flight.begin());
    }
    for (const StepId step : in_flight) scheduler.commit(step, {});
    scheduler.pool().check();
    EXPECT_EQ(scheduler.pool().used(), 0);
    EXPECT_EQ(scheduler.state().running + scheduler.state().waiting, 0);
  }
}

}  // namespace
}  // namespace inferbench
