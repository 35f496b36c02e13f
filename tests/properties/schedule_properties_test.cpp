// What is true of every plan, seen by an executor and a scheduler that watch.

#include <gtest/gtest.h>

#include <map>
#include <set>

#include "harness/base/random.hpp"
#include "harness/schedule/paged_scheduler.hpp"
#include "harness/schedule/registry.hpp"
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
  options.draft_tokens = Tokens(random.below(3) == 0 ? random.between(1, 4) : 0);
  options.step_tokens += options.draft_tokens;
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
        EXPECT_LE(item.new_tokens, Tokens(1) + options_.draft_tokens);
        EXPECT_TRUE(item.emits);
      }
      by_rank[item.rank] += item.new_tokens;
    }
    for (const auto& [rank, tokens] : by_rank) {
      EXPECT_LT(rank, options_.attention_ranks);
      EXPECT_LE(tokens, options_.step_tokens);
    }
    StepResult result = TokenCostExecutor(static_cast<int>(options_.steps_in_flight)).run(plan);
    for (std::size_t i = 0; i < plan.items.size(); ++i) {
      const BatchItem& item = plan.items[i];
      computed_[item.request] += item.decode ? Tokens(1 + result.accepted[i]) : item.new_tokens;
    }
    return result;
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

// What a scheduler planned until the first answer ended, requests coming one by one between the
// steps and some of them with their prompts computed.
struct Planned {
  std::vector<BatchItem> items;
  std::vector<RequestId> preempted;
};

Planned planned_until_first_end(const std::string& policy, const std::vector<Request>& workload,
                                const SchedulerOptions& options) {
  const auto scheduler = make_scheduler(policy, options);
  TokenCostExecutor executor;
  Planned out;
  std::vector<std::pair<StepId, StepResult>> in_flight;
  std::size_t next = 0;
  while (true) {
    for (std::size_t i = 0; i < 2 && next < workload.size(); ++i, ++next) {
      const Request& request = workload[next];
      if (next % 4 == 3) {
        scheduler->admit_prefilled(request);
      } else {
        scheduler->admit(request);
      }
    }
    const BatchPlan& plan = scheduler->plan();
    out.items.insert(out.items.end(), plan.items.begin(), plan.items.end());
    out.preempted.insert(out.preempted.end(), plan.preempted.begin(), plan.preempted.end());
    if (!plan.empty()) in_flight.emplace_back(plan.step, executor.run(plan));
    if (in_flight.empty() && next == workload.size()) return out;
    if (in_flight.empty()) continue;
    if (!plan.empty() && static_cast<std::int64_t>(in_flight.size()) < options.steps_in_flight) {
      continue;
    }
    for (const Emission& emission :
         scheduler->commit(in_flight.front().first, in_flight.front().second)) {
      if (emission.last) return out;
    }
    in_flight.erase(in_flight.begin());
  }
}

bool equal(const BatchItem& a, const BatchItem& b) {
  return a.request == b.request && a.context == b.context && a.new_tokens == b.new_tokens &&
         a.padding == b.padding && a.decode == b.decode && a.emits == b.emits &&
         a.starts == b.starts && a.rank == b.rank;
}

// Two workloads that differ in nothing but their true answer lengths are planned alike until the
// first answer ends, whatever the policy: nobody peeked at Request::output.
TEST(EveryPlan, DoesNotKnowTheAnswersLength) {
  RandomStream random(22, "oracle");
  std::size_t compared = 0;
  for (const std::string& policy : scheduler_names()) {
    for (int round = 0; round < 150; ++round) {
      SchedulerOptions options = random_options(random);
      options.kv = random_kv(random, options.block_tokens);
      auto workload = random_requests(random.bits(), 30, 40, 1, 0ns);
      add_prefixes(workload, random, options.kv.hash_tokens);
      for (Request& request : workload) {
        request.priority = static_cast<std::int32_t>(random.below(3));
        request.max_output = 60_tok;
        request.output = Tokens(random.between(2, 60));
      }
      auto other = workload;
      for (Request& request : other) request.output = Tokens(random.between(2, 60));
      const Planned one = planned_until_first_end(policy, workload, options);
      const Planned two = planned_until_first_end(policy, other, options);
      const std::size_t items = std::min(one.items.size(), two.items.size());
      compared += items;
      for (std::size_t i = 0; i < items; ++i) {
        ASSERT_TRUE(equal(one.items[i], two.items[i]))
            << policy << ", round " << round << ", item " << i;
      }
      const std::size_t preempted = std::min(one.preempted.size(), two.preempted.size());
      for (std::size_t i = 0; i < preempted; ++i) {
        ASSERT_EQ(one.preempted[i], two.preempted[i]) << policy << ", round " << round;
      }
    }
  }
  EXPECT_GT(compared, 20'000U);
}

// Drives every policy by hand with drafts, prefilled requests and random cancellations, and checks
// the pool at every step.
TEST(EveryScheduler, KeepsItsBlocksThroughPreemptionAndCancellation) {
  RandomStream random(23, "cancel");
  const auto policies = scheduler_names();
  for (std::size_t round = 0; round < 40 * policies.size(); ++round) {
    const std::string& policy = policies[round % policies.size()];
    SchedulerOptions options = random_options(random);
    options.attention_ranks = 1;
    options.kv = random_kv(random, options.block_tokens);
    const auto made = make_scheduler(policy, options);
    auto& scheduler = dynamic_cast<PagedScheduler&>(*made);
    TokenCostExecutor executor;
    std::set<RequestId> open;
    auto workload = random_requests(random.bits(), 40, 40, 40, 0ns);
    add_prefixes(workload, random, options.kv.hash_tokens);
    for (const Request& request : workload) {
      const bool prefilled = request.output > 1_tok && random.below(4) == 0;
      const Admission admission =
          prefilled ? scheduler.admit_prefilled(request) : scheduler.admit(request);
      if (admission == Admission::queued) open.insert(request.id);
    }
    std::vector<std::pair<StepId, StepResult>> in_flight;
    const auto commit_oldest = [&] {
      const auto [step, result] = in_flight.front();
      in_flight.erase(in_flight.begin());
      for (const Emission& emission : scheduler.commit(step, result)) {
        EXPECT_TRUE(open.contains(emission.request)) << "a cancelled request emits nothing";
        if (emission.last) open.erase(emission.request);
      }
    };
    while (!open.empty()) {
      const BatchPlan& plan = scheduler.plan();
      if (!plan.empty()) in_flight.emplace_back(plan.step, executor.run(plan));
      ASSERT_FALSE(in_flight.empty()) << policy << " stands still";
      scheduler.pool().check();
      if (random.below(8) == 0) {
        auto victim = open.begin();
        std::advance(victim, static_cast<std::ptrdiff_t>(random.below(open.size())));
        scheduler.cancel(*victim);
        open.erase(victim);
      }
      if (!in_flight.empty()) commit_oldest();
    }
    while (!in_flight.empty()) commit_oldest();
    scheduler.pool().check();
    EXPECT_EQ(scheduler.pool().used(), 0) << policy;
    EXPECT_EQ(scheduler.state().running + scheduler.state().waiting, 0) << policy;
  }
}

}  // namespace
}  // namespace inferbench
