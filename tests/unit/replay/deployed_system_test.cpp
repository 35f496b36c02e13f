#include "harness/replay/deployed_system.hpp"

#include <gtest/gtest.h>

#include <variant>

#include "harness/base/error.hpp"
#include "harness/catalog/catalog.hpp"
#include "harness/cost/step_cost_model.hpp"
#include "tests/unit/replay/replay_support.hpp"

namespace inferbench {
namespace {

using namespace inferbench::literals;
using namespace inferbench::testing_support;

Deployment llama_8b(const std::string& parallel) {
  return std::get<Deployment>(place(find_model("llama-3-8b"), find_gpu("h100"),
                                    parse_parallel(parallel), parse_precision("bf16")));
}

std::vector<RequestRecord> serve(DeployedSystem& system, const std::vector<Request>& asked) {
  ListSource source(asked);
  RecordList list;
  system.serve(source, list);
  return list.take_by_id();
}

// A prompt of 500 tokens alone: its first token takes one step of that chunk, its second one decode
// at context 500. Both are the cost model's times to the nanosecond.
TEST(DeployedSystem, ARequestAloneTakesTheCostModelsTimes) {
  const Deployment deployment = llama_8b("tp2");
  const CostProfile profile = find_cost_profile("default");
  DeployedSystem system(deployment, profile, {});
  const auto record = serve(system, requests({{0ms, 500, 2}})).front();

  const StepCostModel model(deployment, profile);
  BatchPlan prompt, decode;
  prompt.items = {{.new_tokens = 500_tok, .emits = true, .starts = true}};
  decode.items = {{.context = 500_tok, .new_tokens = 1_tok, .decode = true, .emits = true}};
  const Duration first = model.step(prompt).elapsed;
  EXPECT_EQ(record.token_times[0], Time(first));
  EXPECT_EQ(record.token_times[1], Time(first + model.step(decode).elapsed));
}

// Llama 3 8B takes 8,192 tokens. A client that knows only "at most 4,000 tokens" asks for what is
// left beside its prompt; an answer that does not fit is rejected.
TEST(DeployedSystem, TheModelsContextRejectsWhatDoesNotFit) {
  DeployedSystem system(llama_8b("tp1"), find_cost_profile("default"), {});
  ASSERT_EQ(system.longest_sequence(), 8192_tok);
  auto asked = requests({{0ms, 8000, 192}, {0ms, 8000, 193}});
  for (Request& request : asked) request.max_output = 4000_tok;
  const auto records = serve(system, asked);
  EXPECT_EQ(records[0].outcome, Outcome::completed);
  EXPECT_EQ(records[1].outcome, Outcome::rejected);
}

TEST(DeployedSystem, DataParallelReplicasShareTheLoad) {
  DeployedSystem system(llama_8b("dp2"), find_cost_profile("default"), {});
  const auto records = serve(system, requests({{0ms, 100, 5}, {0ms, 100, 5}}));
  EXPECT_EQ(records[0].replica + records[1].replica, 1);
  EXPECT_EQ(records[0].token_times, records[1].token_times);
}

// Alone in the pipeline a token passes every stage before the next one starts.
TEST(DeployedSystem, APipelineGivesOneUserNoMicroBatches) {
  const Deployment deployment = llama_8b("pp2");
  const CostProfile profile = find_cost_profile("default");
  DeployedSystem system(deployment, profile, {});
  const auto record = serve(system, requests({{0ms, 100, 2}})).front();
  BatchPlan decode;
  decode.items = {{.context = 100_tok, .new_tokens = 1_tok, .decode = true, .emits = true}};
  EXPECT_EQ(record.token_times[1] - record.token_times[0],
            StepCostModel(deployment, profile).step(decode).elapsed);
}

TEST(DeployedSystem, ExpertParallelRanksBatchTheirOwnRequests) {
  const Deployment deployment =
      std::get<Deployment>(place(find_model("mixtral-8x7b"), find_gpu("h100"),
                                 parse_parallel("ep4"), parse_precision("bf16")));
  DeployedSystem system(deployment, find_cost_profile("default"), {.step_tokens = 100_tok});
  const auto records =
      serve(system, requests({{0ms, 100, 3}, {0ms, 100, 3}, {0ms, 100, 3}, {0ms, 100, 3}}));
  for (const RequestRecord& record : records) {
    EXPECT_EQ(record.token_times, records[0].token_times);  // one rank each, in lock-step
  }
  EXPECT_EQ(system.stats()[0].steps, 3U);
}

TEST(DeployedSystem, RefusesAPoolWithoutABlock) {
  Deployment deployment = llama_8b("tp1");
  deployment.kv_capacity = 15_tok;
  try {
    DeployedSystem(deployment, find_cost_profile("default"), {});
    FAIL();
  } catch (const Error& error) {
    EXPECT_NE(std::string(error.what()).find("15 tokens"), std::string::npos) << error.what();
  }
}

}  // namespace
}  // namespace inferbench
