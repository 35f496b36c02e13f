#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "harness/base/error.hpp"
#include "harness/claims/registry.hpp"

namespace inferbench {
namespace {

Numbers run(const char* measure, const nlohmann::json& json) {
  const JsonObject inputs(json, "test");
  return find_measure(measure, "test").function(inputs, shipped_world());
}

double number(const Numbers& numbers, const std::string& name) {
  return std::get<std::vector<double>>(*numbers.find(name)).front();
}

// a 10 ms -> b 30 ms -> d 5 ms, and a -> c 20 ms -> d: the path over b is the longer one. With two
// copies of b each stage keeps up with 15 ms per request, c with 20 ms: c is the slowest.
TEST(StageGraph, LatencyIsTheLongestPathAndThroughputTheSlowestStage) {
  const nlohmann::json stages = {{{"name", "a"}, {"ms", 10}},
                                 {{"name", "b"}, {"ms", 30}, {"copies", 2}, {"after", {"a"}}},
                                 {{"name", "c"}, {"ms", 20}, {"after", {"a"}}},
                                 {{"name", "d"}, {"ms", 5}, {"after", {"b", "c"}}}};
  const Numbers numbers = run("stage_graph", {{"requests", 400}, {"stages", stages}});
  EXPECT_DOUBLE_EQ(number(numbers, "critical_path_ms"), 45);
  EXPECT_DOUBLE_EQ(number(numbers, "simulated_latency_ms"), 45);
  EXPECT_DOUBLE_EQ(number(numbers, "slowest_stage_per_s"), 50);
  EXPECT_NEAR(number(numbers, "simulated_per_s"), 50, 0.5);
}

TEST(StageGraph, AStageAfterOneThatIsNotThereIsRefused) {
  const nlohmann::json stages =
      nlohmann::json::array({{{"name", "a"}, {"ms", 10}, {"after", {"b"}}}});
  EXPECT_THROW(run("stage_graph", {{"requests", 4}, {"stages", stages}}), Error);
}

// Answers of one length leave no place idle: 64 of 5 tokens on 8 places are 8 batches of 5 steps.
TEST(Batching, EqualAnswersLeaveNoPlaceIdle) {
  const Numbers numbers = run("batching", {{"requests", 64}, {"output", {5, 5}}, {"batch", 8}});
  EXPECT_DOUBLE_EQ(number(numbers, "static_steps"), 40);
  EXPECT_DOUBLE_EQ(number(numbers, "static_idle_share"), 0);
  EXPECT_DOUBLE_EQ(number(numbers, "throughput_gain"), 1);
}

}  // namespace
}  // namespace inferbench
