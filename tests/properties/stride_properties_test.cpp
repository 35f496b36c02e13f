// A stride is a way to compute, not a way to behave: the same records, to the nanosecond, and the
// same counts as step by step, over random workloads, policies, ranks, pools, routers and cuts.

#include <gtest/gtest.h>

#include <variant>

#include "harness/base/random.hpp"
#include "harness/catalog/catalog.hpp"
#include "harness/cost/cost_profile.hpp"
#include "harness/execute/modelled_executor.hpp"
#include "tests/unit/replay/replay_support.hpp"

namespace inferbench {
namespace {

using namespace inferbench::testing_support;

// Costs depend on every context; foretold by running the plans that the next steps would have.
class ContextCostExecutor final : public Executor {
 public:
  StepResult run(const BatchPlan& plan) override {
    Duration::rep cost = 1000;
    for (const BatchItem& item : plan.items) {
      cost += item.new_tokens.count() * 10 + item.context.count() * (item.request.value % 7 + 1);
    }
    cost += (plan.kv_to_host.count() + plan.kv_from_host.count()) * 5;
    StepResult result;
    result.timing.stage = Duration(cost);
    result.timing.elapsed = result.timing.stage + Duration(cost % 13);
    result.timing.parts.gemm = Duration(cost / 3);
    return result;
  }
  bool foretells() const override { return true; }
  void foretell(const BatchPlan& plan, std::int64_t most, Duration until,
                std::vector<StepTiming>& timings) override {
    BatchPlan next = plan;
    next.kv_to_host = next.kv_from_host = Tokens(0);
    Duration sum{};
    for (; most > 0 && sum < until; --most) {
      for (BatchItem& item : next.items) item.context += Tokens(1);
      timings.push_back(run(next).timing);
      sum += timings.back().elapsed;
      ++foretold;
    }
  }

  std::int64_t foretold = 0;
};

// The same costs, without a look ahead.
class StepByStep final : public Executor {
 public:
  explicit StepByStep(Executor& executor) : executor_(executor) {}
  StepResult run(const BatchPlan& plan) override { return executor_.run(plan); }

 private:
  Executor& executor_;
};

ReplayOptions random_system(RandomStream& random) {
  ReplayOptions options;
  const auto policies = scheduler_names();
  options.policy = policies[random.below(policies.size())];
  SchedulerOptions& scheduler = options.scheduler;
  scheduler.step_tokens = Tokens(random.between(1, 200));
  scheduler.draft_tokens = Tokens(random.below(4) == 0 ? random.between(1, 5) : 0);
  scheduler.step_tokens += scheduler.draft_tokens;
  scheduler.max_batch = random.between(1, 30);
  scheduler.block_tokens = Tokens(random.between(1, 20));
  scheduler.kv_blocks = random.between(1, 90);
  scheduler.watermark = random.below(2) == 0 ? 0 : 0.3;
  scheduler.steps_in_flight = random.below(8) == 0 ? 2 : 1;
  scheduler.attention_ranks = random.below(3) == 0 ? random.between(2, 4) : 1;
  scheduler.kv = random_kv(random, scheduler.block_tokens);
  options.replicas = random.below(2) == 0 ? 0 : static_cast<std::size_t>(random.between(1, 3));
  options.router = random.below(2) == 0 ? "round_robin" : "least_loaded";
  if (random.below(4) == 0) options.cut = Time(Duration(random.between(0, 300'000)));
  return options;
}

std::vector<Request> random_workload(RandomStream& random, const ReplayOptions& options) {
  auto requests = random_requests(random.bits(), static_cast<std::size_t>(random.between(1, 50)),
                                  random.between(1, 100), random.between(1, 150),
                                  Duration(random.between(0, 60'000)));
  add_prefixes(requests, random, options.scheduler.kv.hash_tokens);
  return requests;
}

void expect_equal_stats(const ReplicaStats& a, const ReplicaStats& b, bool cut) {
  // A cut may fall between two steps of which the second never comes to anything.
  if (!cut) {
    EXPECT_EQ(a.steps, b.steps);
    EXPECT_EQ(a.items, b.items);
    EXPECT_EQ(a.new_tokens, b.new_tokens);
    EXPECT_EQ(a.busy, b.busy);
    EXPECT_EQ(a.parts.gemm, b.parts.gemm);
    EXPECT_TRUE(a.kv == b.kv);
  }
  EXPECT_EQ(a.preemptions, b.preemptions);
  EXPECT_EQ(a.scheduler.kv_peak_used, b.scheduler.kv_peak_used);
}

void expect_equal(const Replayed& strides, const Replayed& steps, bool cut) {
  EXPECT_EQ(strides.order, steps.order);
  ASSERT_EQ(strides.records.size(), steps.records.size());
  for (std::size_t i = 0; i < strides.records.size(); ++i) {
    const RequestRecord &a = strides.records[i], &b = steps.records[i];
    EXPECT_EQ(a.outcome, b.outcome) << "request " << i;
    EXPECT_EQ(a.admitted, b.admitted) << "request " << i;
    EXPECT_EQ(a.ended, b.ended) << "request " << i;
    EXPECT_EQ(a.preemptions, b.preemptions) << "request " << i;
    EXPECT_EQ(a.replica, b.replica) << "request " << i;
    EXPECT_TRUE(a.token_times == b.token_times) << "request " << i;
  }
  for (std::size_t r = 0; r < strides.stats.size(); ++r) {
    expect_equal_stats(strides.stats[r], steps.stats[r], cut);
  }
}

class EveryStride : public testing::TestWithParam<int> {};

TEST_P(EveryStride, GivesTheRecordsOfItsSteps) {
  RandomStream random(static_cast<std::uint64_t>(GetParam()), "every_stride");
  ContextCostExecutor executor;
  StepByStep steps(executor);
  for (int round = 0; round < 60; ++round) {
    const ReplayOptions options = random_system(random);
    const auto workload = random_workload(random, options);
    SCOPED_TRACE(options.policy + ", round " + std::to_string(round));
    expect_equal(replay(workload, executor, options), replay(workload, steps, options),
                 options.cut.has_value());
  }
  EXPECT_GT(executor.foretold, 1000);
}

TEST_P(EveryStride, GivesTheRecordsOfItsStepsInAClosedLoop) {
  RandomStream random(static_cast<std::uint64_t>(GetParam()), "closed_stride");
  ContextCostExecutor executor;
  StepByStep steps(executor);
  for (int round = 0; round < 30; ++round) {
    const ReplayOptions options = random_system(random);
    const auto workload = random_workload(random, options);
    const auto users = static_cast<std::size_t>(random.between(1, 20));
    const Duration think(random.between(0, 50'000));
    UsersSource one(workload, users, think), other(workload, users, think);
    expect_equal(replay(one, executor, options), replay(other, steps, options),
                 options.cut.has_value());
  }
}

INSTANTIATE_TEST_SUITE_P(Seeds, EveryStride, testing::Range(0, 8));

Deployment deployed(const char* model, const char* gpu, const char* parallel) {
  const ModelSpec spec = find_model(model);
  const HardwareSpec hardware = find_gpu(gpu);
  return std::get<Deployment>(
      place(spec, hardware, parse_parallel(parallel), default_precision(spec, hardware)));
}

// The sums that a stride carries along are those that the cost model takes of each plan: for dense,
// sliding-window and MoE models, several attention ranks, and both formulations.
TEST(CostModelStride, EqualsTheStepsOneByOne) {
  RandomStream random(5, "cost_model_stride");
  const Deployment systems[] = {deployed("llama-3-70b", "h100", "tp4"),
                                deployed("gpt-oss-120b", "h100", "tp2"),
                                deployed("gpt-moe-1.8t", "gb200-nvl72", "tp2ep16"),
                                deployed("deepseek-v3", "h200", "tp1ep32")};
  for (const Deployment& system : systems) {
    for (const char* profile : {"default", "p1"}) {
      if (system.model.mla && std::string(profile) == "p1") continue;  // not known to the claims
      const StepCostModel model(system, find_cost_profile(profile));
      const auto ranks = static_cast<std::uint64_t>(system.attention_ranks());
      BatchPlan plan;
      for (std::uint64_t i = 0; i < 40; ++i) {
        plan.items.push_back({.request = RequestId(i),
                              .context = Tokens(random.between(1, 300)),
                              .new_tokens = Tokens(1),
                              .decode = true,
                              .emits = true,
                              .rank = static_cast<std::uint16_t>(random.below(ranks))});
      }
      std::vector<StepTiming> timings;
      model.foretell(plan, 200, Duration::max(), timings);
      ASSERT_EQ(timings.size(), 200U);
      for (const StepTiming& timing : timings) {
        for (BatchItem& item : plan.items) item.context += Tokens(1);
        const StepTiming step = model.step(plan);
        EXPECT_EQ(timing.elapsed, step.elapsed);
        EXPECT_EQ(timing.stage, step.stage);
        EXPECT_EQ(timing.parts.attention, step.parts.attention);
        EXPECT_EQ(timing.hidden, step.hidden);
      }
    }
  }
}

TEST(CostModelStride, EndsWithTheStepThatReachesTheTime) {
  FixedCostExecutor executor(Duration(10));
  std::vector<StepTiming> timings;
  executor.foretell({}, 100, Duration(25), timings);
  EXPECT_EQ(timings.size(), 3U);
}

// Prompts of several tokens per step are no decodes, and nothing is foretold of them.
TEST(CostModelStride, ForetellsNothingOfPrompts) {
  const StepCostModel model(deployed("llama-3-70b", "h100", "tp4"), find_cost_profile("default"));
  BatchPlan plan;
  plan.items.push_back({.request = RequestId(0), .new_tokens = Tokens(8), .emits = true});
  std::vector<StepTiming> timings;
  model.foretell(plan, 10, Duration::max(), timings);
  EXPECT_TRUE(timings.empty());
}

}  // namespace
}  // namespace inferbench
