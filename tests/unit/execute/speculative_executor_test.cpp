#include "harness/execute/speculative_executor.hpp"

#include <gtest/gtest.h>

#include <cmath>

#include "harness/catalog/catalog.hpp"
#include "harness/execute/fixed_cost_executor.hpp"
#include "harness/execute/modelled_executor.hpp"
#include "tests/unit/replay/replay_support.hpp"

namespace inferbench {
namespace {

using namespace inferbench::literals;
using namespace inferbench::testing_support;

// Every step takes 1 ms, drafts are free: records and counts of a replay with `text` drafted.
Replayed speculated(const std::vector<Request>& asked, const std::string& text,
                    ReplayOptions options = {}) {
  const Speculation speculation = parse_speculation(text);
  options.scheduler.draft_tokens = speculation.draft_tokens;
  SpeculativeExecutor executor(
      std::make_unique<FixedCostExecutor>(1ms, static_cast<int>(options.scheduler.steps_in_flight)),
      speculation, 7);
  return replay(asked, executor, options);
}

// Tokens that each of a request's steps made visible, the prompt's one first.
std::vector<int> tokens_per_step(const RequestRecord& record) {
  std::vector<int> runs;
  Time last{};
  for (const Time time : record.token_times) {
    if (runs.empty() || time != last) runs.push_back(0);
    ++runs.back();
    last = time;
  }
  return runs;
}

// 21 tokens: one with the prompt, then 5 per step at best, 1 at worst.
TEST(SpeculativeExecutor, TheBestAndTheWorstCaseFollow) {
  const auto asked = requests({{0ms, 10, 21}});
  EXPECT_EQ(tokens_per_step(speculated(asked, "gamma=4,accept=1").records[0]),
            (std::vector<int>{1, 5, 5, 5, 5}));
  EXPECT_EQ(tokens_per_step(speculated(asked, "gamma=4,accept=0").records[0]),
            std::vector<int>(21, 1));
}

// Of 20,000 decodes the mean of a geometric count, cut at 5: the standard error is below 0.012.
TEST(SpeculativeExecutor, TokensPerDecodeMatchTheClosedForm) {
  for (const double rate : {0.3, 0.6, 0.8, 0.95}) {
    std::vector<Ask> asks(100, {0ms, 10, 1000});
    const auto stats =
        speculated(requests(asks), "gamma=4,accept=" + std::to_string(rate)).stats[0];
    ASSERT_GT(stats.verified, 20'000U);
    const double mean =
        1 + static_cast<double>(stats.accepted) / static_cast<double>(stats.verified);
    EXPECT_NEAR(mean, (1 - std::pow(rate, 5)) / (1 - rate), 0.05) << rate;
  }
}

// The same tokens are accepted for a request alone as in a crowd, under any policy that leaves room
// for all drafts.
TEST(SpeculativeExecutor, AcceptanceDoesNotDependOnBatching) {
  const auto asked = random_requests(3, 40, 60, 80, 1ms);
  ReplayOptions alone;
  alone.scheduler.max_batch = 1;
  const auto expected = speculated(asked, "accept=0.9/0.7/0.5", alone).records;
  for (const std::string& policy : scheduler_names()) {
    ReplayOptions options;
    options.policy = policy;
    options.scheduler.steps_in_flight = 2;
    const auto records = speculated(asked, "accept=0.9/0.7/0.5", options).records;
    for (std::size_t i = 0; i < records.size(); ++i) {
      EXPECT_EQ(tokens_per_step(records[i]), tokens_per_step(expected[i])) << policy << " " << i;
    }
  }
}

TEST(SpeculativeExecutor, WithNothingDraftedRecordsAreThoseWithoutIt) {
  const auto asked = random_requests(4, 60, 60, 80, 1ms);
  const auto plain = replay(asked, 1ms).records;
  const auto none = speculated(asked, "gamma=0,accept=0.8").records;
  ASSERT_EQ(plain.size(), none.size());
  for (std::size_t i = 0; i < plain.size(); ++i) {
    EXPECT_EQ(plain[i].token_times, none[i].token_times);
    EXPECT_EQ(plain[i].admitted, none[i].admitted);
  }
}

Deployment deployed(const std::string& model, const std::string& parallel) {
  return std::get<Deployment>(place(find_model(model), find_gpu("h100"), parse_parallel(parallel),
                                    default_precision(find_model(model), find_gpu("h100"))));
}

BatchItem decode(std::int64_t context, std::int64_t new_tokens) {
  return {
      .context = Tokens(context), .new_tokens = Tokens(new_tokens), .decode = true, .emits = true};
}

// Two drafts: two passes of the draft model, at contexts 500 and 501, before the step that
// verifies.
TEST(DraftCost, ADraftModelTakesAPassPerDraftedToken) {
  const Deployment target = deployed("llama-3-70b", "tp4");
  CostProfile profile = find_cost_profile("default");
  const DraftCost cost(target, profile, parse_speculation("draft=llama-3-8b,gamma=2,accept=1"));
  BatchPlan plan;
  plan.items = {decode(500, 3)};
  StepTiming timing;
  cost.add_to(plan, timing);

  LaunchParameters& launch = std::get<OpsParameters>(profile.parameters).launch;
  launch.step = launch.request = Seconds(0);
  const StepCostModel draft(deployed("llama-3-8b", "tp4"), profile);
  BatchPlan first, second;
  first.items = {decode(500, 1)}, second.items = {decode(501, 1)};
  EXPECT_EQ(timing.elapsed, draft.step(first).elapsed + draft.step(second).elapsed);
}

// The draft needs the prompt's keys and values too, whether or not anybody decodes.
TEST(DraftCost, PromptsRunThroughTheDraftModelAsWell) {
  const Deployment target = deployed("llama-3-70b", "tp4");
  const DraftCost cost(target, find_cost_profile("default"),
                       parse_speculation("draft=llama-3-8b,gamma=2,accept=1"));
  BatchPlan plan;
  plan.items = {{.new_tokens = 1000_tok, .emits = true}};
  StepTiming timing;
  cost.add_to(plan, timing);
  EXPECT_GT(timing.elapsed, Duration(1ms));
}

// Llama 3 8B on TP4 takes a quarter of its 16 GB per GPU from the pool, and 0.4 of the target's KV
// bytes per token besides.
TEST(DraftCost, WeightsAndKeysOfTheDraftLeaveLessOfThePool) {
  const Deployment target = deployed("llama-3-70b", "tp4");
  const CostProfile profile = find_cost_profile("default");
  const DraftCost cost(target, profile, parse_speculation("draft=llama-3-8b,gamma=2,accept=1"));
  const double weights =
      weights_per_gpu(find_model("llama-3-8b"), parse_parallel("tp4"), target.precision).count();
  const double per_token = 327'680.0 / 4, free = target.memory.back().bytes.count();
  EXPECT_NEAR(static_cast<double>(cost.kv_capacity().count()), (free - weights) / (1.4 * per_token),
              2);
}

// One of DeepSeek-V3's 61 layers, with the head it shares: a fraction of a step.
TEST(DraftCost, APredictionModuleCostsAboutALayer) {
  const Deployment target = deployed("deepseek-v3", "ep16");
  const CostProfile profile = find_cost_profile("default");
  const DraftCost cost(target, profile, parse_speculation("mtp=1,accept=1"));
  BatchPlan plan;
  for (std::uint16_t rank = 0; rank < 16; ++rank) {
    for (int i = 0; i < 8; ++i) {
      plan.items.push_back(decode(1000, 2));
      plan.items.back().rank = rank;
    }
  }
  StepTiming timing;
  cost.add_to(plan, timing);
  const Duration step = StepCostModel(target, profile).step(plan).elapsed;
  EXPECT_GT(timing.elapsed, step / 200);
  EXPECT_LT(timing.elapsed, step / 15);
}

}  // namespace
}  // namespace inferbench
