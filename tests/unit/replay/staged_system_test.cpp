#include "harness/replay/staged_system.hpp"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "harness/base/error.hpp"
#include "tests/unit/replay/fleet_support.hpp"

namespace inferbench {
namespace {

using namespace inferbench::literals;
using namespace inferbench::testing_support;

StageGraph graph(const char* json) {
  return parse_stage_graph(nlohmann::json::parse(json), "stages.json");
}

// An engine whose steps take 10 ms, inside the graph.
std::vector<RequestRecord> serve(const StageGraph& graph, RequestSource& source,
                                 std::optional<Time> cut = {}) {
  FixedCostExecutor executor(10ms);
  SimulatedClock clock;
  const auto scheduler = make_scheduler("in_flight", roomy());
  Engine engine(*scheduler, executor, clock, {.stages = 1, .cut = cut});
  StagedSystem system(graph, engine, 1, cut);
  RecordList list;
  system.serve(source, list);
  return list.take_by_id();
}

std::vector<RequestRecord> serve(const StageGraph& graph, const std::vector<Request>& asked,
                                 std::optional<Time> cut = {}) {
  ListSource source(asked);
  return serve(graph, source, cut);
}

constexpr const char* kChain = R"({"stages": [
  {"name": "model", "after": ["rewrite"]},
  {"name": "retrieval", "latency": "20ms", "concurrency": 1},
  {"name": "rewrite", "latency": "5ms", "after": ["retrieval"]},
  {"name": "guardrail", "latency": "3ms", "after": ["model"]}]})";

// 20 + 5 ms before the model, two steps of 10 ms in it, 3 ms behind it.
TEST(StagedSystem, LatencyOfOneRequestIsTheLongestPath) {
  const auto record = serve(graph(kChain), requests({{1ms, 8, 2}})).front();
  EXPECT_EQ(times(record), (std::vector<Duration>{39ms, 49ms}));
  EXPECT_EQ(record.scheduled, Time(1ms));
  EXPECT_EQ(record.issued, Time(1ms));
  EXPECT_EQ(record.ended, Time(49ms));
  EXPECT_EQ(graph(kChain).critical_path(), Duration(28ms));
}

// Retrieval takes one at a time: first tokens come 20 ms apart.
TEST(StagedSystem, ThroughputIsThatOfTheSlowestStage) {
  const auto records =
      serve(graph(kChain), requests({{0ms, 8, 1}, {0ms, 8, 1}, {0ms, 8, 1}, {0ms, 8, 1}}));
  for (std::size_t i = 0; i < records.size(); ++i) {
    EXPECT_EQ(times(records[i]), (std::vector<Duration>{Duration(38ms) + i * Duration(20ms)}));
  }
}

// What is beside the model delays the answer only when it takes longer.
TEST(StagedSystem, StagesBesideTheModelOverlapIt) {
  const StageGraph parallel = graph(R"({"stages": [{"name": "model"},
    {"name": "check", "latency": "25ms"},
    {"name": "join", "latency": "1ms", "after": ["model", "check"]}]})");
  const auto records = serve(parallel, requests({{0ms, 8, 1}, {0ms, 8, 4}}));
  EXPECT_EQ(times(records[0]), (std::vector<Duration>{26ms}));
  EXPECT_EQ(times(records[1]), (std::vector<Duration>{11ms, 21ms, 31ms, 41ms}));
}

// One user: the next question comes when the guardrail is done, not the model.
TEST(StagedSystem, AClosedLoopWaitsForTheLastStage) {
  UsersSource source(requests({{0ms, 8, 1}, {0ms, 8, 1}}), 1);
  const auto records = serve(graph(kChain), source);
  EXPECT_EQ(records[0].ended, Time(38ms));
  EXPECT_EQ(records[1].scheduled, Time(38ms));
  EXPECT_EQ(records[1].ended, Time(76ms));
}

TEST(StagedSystem, ACutEndsWhatIsInAStage) {
  const auto records = serve(graph(kChain), requests({{0ms, 8, 2}, {0ms, 8, 1}, {9s, 8, 1}}),
                             Time(46ms));  // request 0 is at the guardrail until 48 ms
  ASSERT_EQ(records.size(), 2U);
  for (const RequestRecord& record : records) {
    EXPECT_EQ(record.outcome, Outcome::unfinished);
    EXPECT_EQ(record.reason, Reason::cut);
    EXPECT_EQ(record.ended, Time(46ms));
  }
}

// A graph of the model alone changes nothing, whatever the workload.
TEST(StagedSystem, TheModelAloneIsTheModel) {
  const auto asked = random_requests(3, 200, 100, 40, 5ms);
  const auto staged = serve(graph(R"({"stages": [{"name": "model"}]})"), asked);
  const auto plain = replay(asked, 10ms).records;
  for (std::size_t i = 0; i < asked.size(); ++i) {
    EXPECT_EQ(staged[i].token_times, plain[i].token_times);
    EXPECT_EQ(staged[i].ended, plain[i].ended);
    EXPECT_EQ(staged[i].issued, plain[i].issued);
  }
}

// M/M/1 before the model: mean time in the stage is 1 / (mu - lambda) = 20 ms; samples are
// correlated, so 40,000 of them give it to about 5 %. The model adds the wait for the step under
// way, which a run without the stage shows.
TEST(StagedSystem, ARandomStageIsTheQueueItIs) {
  const char* tokenizer = R"json({"stages": [
    {"name": "tokenizer", "latency": "exponential(10ms)", "concurrency": 1},
    {"name": "model", "after": ["tokenizer"]}]})json";
  const auto asked = random_requests(7, 40'000, 1, 1, 20ms);
  const auto mean_wait_ms = [&](const StageGraph& graph) {
    double sum = 0;
    for (const RequestRecord& record : serve(graph, asked)) {
      sum += static_cast<double>((*record.admitted - record.scheduled).count()) * 1e-6;
    }
    return sum / static_cast<double>(asked.size());
  };
  const double alone = mean_wait_ms(graph(R"json({"stages": [{"name": "model"}]})json"));
  EXPECT_NEAR(mean_wait_ms(graph(tokenizer)) - alone, 20, 1.5);
}

void expect_refused(const char* json, const std::string& part) {
  try {
    graph(json);
    FAIL() << json;
  } catch (const Error& error) {
    EXPECT_NE(std::string(error.what()).find(part), std::string::npos) << error.what();
  }
}

TEST(StageGraph, IsRefusedWithTheStagesThatAreWrong) {
  expect_refused(R"json({"stages": [{"name": "a", "latency": "1ms", "after": ["b"]},
    {"name": "b", "latency": "1ms", "after": ["a"]}, {"name": "model"}]})json",
                 "wait for each other: a, b");
  expect_refused(R"json({"stages": [{"name": "a", "latency": "1ms"}]})json", "model");
  expect_refused(R"json({"stages": []})json", "model");
  expect_refused(R"json({"stages": [{"name": "model"}, {"name": "model"}]})json", "twice");
  expect_refused(R"json({"stages": [{"name": "model", "after": ["retreival"]},
    {"name": "retrieval", "latency": "1ms"}]})json",
                 "retrieval");
  const auto beside_model = [](const std::string& stage) {
    return R"json({"stages": [{"name": "model"}, {"name": "a")json" + stage + "}]}";
  };
  expect_refused(beside_model(R"json(, "latency": "-1ms")json").c_str(), "-1ms");
  expect_refused(beside_model("").c_str(), "latency");
  expect_refused(beside_model(R"json(, "latency": "lognormal(1ms)")json").c_str(), "SIGMA");
  expect_refused(beside_model(R"json(, "latency": "1ms", "concurrency": -1)json").c_str(),
                 "concurrency");
  expect_refused(R"json({"stages": [{"name": "model", "latency": "1ms"}]})json", "model");
}

}  // namespace
}  // namespace inferbench
