#include "harness/validate/predict_point.hpp"

#include <gtest/gtest.h>

#include <variant>

#include "harness/catalog/catalog.hpp"
#include "harness/cost/step_cost_model.hpp"
#include "harness/plan/deployment.hpp"

namespace inferbench {
namespace {

ServingPoint llama_8b(std::int64_t users, std::int64_t isl, std::int64_t osl) {
  ServingPoint point{.place = "t:1",
                     .set = "s",
                     .model = "llama-3-8b",
                     .gpu = "h100",
                     .engine = "e",
                     .precision = "bf16",
                     .parallel = {.tp = 1},
                     .isl = Tokens(isl),
                     .osl = Tokens(osl)};
  point.users = users;
  return point;
}

// One user, prompts of 500 tokens and answers of 2: TTFT is the prompt's step, TPOT one decode at
// context 500, both the cost model's; tokens/s/GPU is 2 over their sum.
TEST(PredictPoint, OneUserSeesTheCostModelsSteps) {
  const CostProfile profile = find_cost_profile("default");
  const ServingPrediction found = predict(llama_8b(1, 500, 2), profile);
  MemoryBudget budget;
  const StepCostModel model(std::get<Deployment>(place(find_model("llama-3-8b"), find_gpu("h100"),
                                                       {.tp = 1}, parse_precision("bf16"), budget)),
                            profile);
  BatchPlan prompt, decode;
  prompt.items = {{.new_tokens = Tokens(500), .emits = true, .starts = true}};
  decode.items = {{.context = Tokens(500), .new_tokens = Tokens(1), .decode = true, .emits = true}};
  const double ttft = seconds(model.step(prompt).elapsed).count() * 1e3;
  const double tpot = seconds(model.step(decode).elapsed).count() * 1e3;
  EXPECT_NEAR(*found.ttft_ms, ttft, 1e-6);
  EXPECT_NEAR(*found.tpot_ms, tpot, 1e-6);
  EXPECT_NEAR(*found.tokens_s_gpu, 2e3 / (ttft + tpot), 1e-6);
}

// KV for one request at a time and eight users: each waits for seven others.
TEST(PredictPoint, AFullCacheIsPredictedAsQueueing) {
  CostProfile profile = find_cost_profile("default");
  profile.engine = EngineSetup{};
  const ServingPoint point = llama_8b(8, 1000, 500);
  EXPECT_FALSE(predict(point, profile).saturated);
  profile.engine->max_batch = 1;
  const ServingPrediction queued = predict(point, profile);
  EXPECT_TRUE(queued.saturated);
  EXPECT_GT(*queued.ttft_ms, 5 * 499 * *queued.tpot_ms);
}

TEST(PredictPoint, WhatDoesNotFitSaysSo) {
  ServingPoint point = llama_8b(1, 100, 10);
  point.model = "llama-3-70b";
  const ServingPrediction found = predict(point, find_cost_profile("default"));
  EXPECT_FALSE(found.tpot_ms);
  EXPECT_NE(found.why_not.find("does not fit"), std::string::npos) << found.why_not;
}

// Equal seeds, equal numbers; lengths that vary have the mean between shortest and longest.
TEST(PredictPoint, IsDeterministic) {
  ServingPoint point = llama_8b(4, 300, 40);
  point.shortest = 0.5;
  const CostProfile profile = find_cost_profile("default");
  const ServingPrediction a = predict(point, profile), b = predict(point, profile);
  EXPECT_EQ(*a.ttft_ms, *b.ttft_ms);
  EXPECT_EQ(*a.tpot_ms, *b.tpot_ms);
}

}  // namespace
}  // namespace inferbench
