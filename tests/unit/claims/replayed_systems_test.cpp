// Measures that replay fleets, pipelines, drafts and prefixes on modelled deployments.
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "harness/base/error.hpp"
#include "harness/claims/registry.hpp"

namespace inferbench {
namespace {

using nlohmann::json;

Numbers run(const char* measure, const json& given) {
  json all = {
      {"model", "llama-3-8b"}, {"gpu", "h100"}, {"input", {100, 100}}, {"output", {50, 50}}};
  all.update(given);
  const JsonObject inputs(all, "test");
  return find_measure(measure, "test").function(inputs, shipped_world());
}

std::vector<double> series(const Numbers& numbers, const std::string& name) {
  return std::get<std::vector<double>>(*numbers.find(name));
}
double number(const Numbers& numbers, const std::string& name) {
  return series(numbers, name).front();
}

// With one replica there is nothing to choose.
TEST(Routers, AreAllAlikeOverOneReplica) {
  const Numbers numbers = run(
      "routers",
      {{"requests", 50}, {"rate", 20}, {"seeds", 2}, {"routers", {"round_robin", "least_loaded"}}});
  EXPECT_EQ(series(numbers, "least_loaded_e2e_ratio"), (std::vector<double>{1, 1}));
  EXPECT_EQ(series(numbers, "round_robin_completed"), (std::vector<double>{50, 50}));
}

TEST(Routers, UnknownOnesAreRefused) {
  EXPECT_THROW(run("routers", {{"requests", 50}, {"rate", 20}, {"routers", {"fastest"}}}), Error);
}

// The only replica fails and never comes back: whatever is open or comes later ends with a reason.
TEST(FleetEvents, EveryRequestIsAccountedForWithoutAnyReplica) {
  const Numbers numbers =
      run("fleet_events", {{"requests", 100}, {"rate", 50}, {"events", {"fail replica=0 at=1s"}}});
  EXPECT_DOUBLE_EQ(number(numbers, "accounted"), 100);
  EXPECT_LT(number(numbers, "completed"), 100);
  EXPECT_LT(number(numbers, "tokens_visible"), number(numbers, "tokens_asked"));
}

TEST(FleetEvents, EventsOfReplicasThatAreNotThereAreRefused) {
  EXPECT_THROW(
      run("fleet_events", {{"requests", 10}, {"rate", 5}, {"events", {"fail replica=7 at=1s"}}}),
      Error);
  EXPECT_THROW(run("fleet_events", {{"requests", 10}, {"rate", 5}, {"events", json::array()}}),
               Error);
}

// Two requests a second never put 1,000 on one replica, so nothing grows and there is no reaction.
TEST(ScaleUp, WithoutOverloadThereIsNoReaction) {
  const Numbers numbers = run("scale_up", {{"requests", 20},
                                           {"rate", 2},
                                           {"burst_rate", 2},
                                           {"burst_s", 1},
                                           {"autoscale", "min=1,max=4,up=1000,interval=1s"}});
  EXPECT_TRUE(std::holds_alternative<AbsentNumber>(*numbers.find("reaction_ms")));
  EXPECT_DOUBLE_EQ(number(numbers, "most_replicas"), 1);
  EXPECT_DOUBLE_EQ(number(numbers, "ttft_p99_ms"), number(numbers, "unscaled_ttft_p99_ms"));
}

// 10 ms before the model, 7 ms beside that and shorter, 5 ms behind: the model's own time plus 15.
TEST(StagedReplay, OneRequestTakesTheLongestPath) {
  const json stages = {{{"name", "before"}, {"latency", "10ms"}, {"concurrency", 1}},
                       {{"name", "beside"}, {"latency", "7ms"}},
                       {{"name", "model"}, {"after", {"before", "beside"}}},
                       {{"name", "behind"}, {"latency", "5ms"}, {"after", {"model"}}}};
  const Numbers numbers = run("staged_replay", {{"requests", 40}, {"stages", stages}});
  EXPECT_NEAR(number(numbers, "replayed_latency_ms"), number(numbers, "model_ms") + 15, 1e-6);
  EXPECT_DOUBLE_EQ(number(numbers, "sum_of_stages_ms"), number(numbers, "model_ms") + 22);
  EXPECT_DOUBLE_EQ(number(numbers, "completed"), 40);
}

TEST(StagedReplay, RandomLatenciesHaveNoClosedForm) {
  const json stages = {{{"name", "before"}, {"latency", "exponential(10ms)"}},
                       {{"name", "model"}, {"after", {"before"}}}};
  EXPECT_THROW(run("staged_replay", {{"requests", 4}, {"stages", stages}}), Error);
}

TEST(SpeculatedReplay, ImpossibleAcceptanceIsRefused) {
  EXPECT_THROW(run("speculated_replay", {{"requests", 4},
                                         {"draft_model", "llama-3-8b"},
                                         {"draft_tokens", 2},
                                         {"acceptance", {1.5}}}),
               Error);
}

// Three prompts of two shared blocks of 16 and one of their own: 32 tokens for each but the first.
TEST(PrefixReplay, SavesTheSharedBlocksOfAllButTheFirst) {
  const Numbers numbers = run("prefix_replay", {{"requests", 3},
                                                {"block_tokens", 16},
                                                {"shared_blocks", 2},
                                                {"own_blocks", 1},
                                                {"gap_ms", 1000}});
  EXPECT_DOUBLE_EQ(number(numbers, "saved_tokens"), 64);
  EXPECT_DOUBLE_EQ(number(numbers, "fewer_computed_tokens"), 64);
  EXPECT_DOUBLE_EQ(number(numbers, "unbounded_cache_tokens"), 64);
  EXPECT_DOUBLE_EQ(number(numbers, "prompt_tokens"), 144);
}

}  // namespace
}  // namespace inferbench
