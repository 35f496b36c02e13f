#include "harness/timeline/replay_timeline.hpp"

#include <gtest/gtest.h>

#include "harness/execute/fixed_cost_executor.hpp"
#include "tests/unit/cpu_execution/tiny_system.hpp"
#include "tests/unit/replay/fleet_support.hpp"
#include "trace_checker.hpp"

namespace inferbench {
namespace {

using namespace inferbench::literals;
using namespace inferbench::testing_support;

std::string timeline_path(const std::string& name) {
  return testing::TempDir() + name;
}

void serve_shown(const std::vector<Request>& asked, Executor& executor, ReplayTimeline& timeline,
                 SchedulerOptions limits = roomy(), const std::string& policy = "in_flight") {
  SimulatedClock clock;
  const auto scheduler = make_scheduler(policy, limits);
  Engine engine(*scheduler, executor, clock,
                {.stages = static_cast<int>(limits.steps_in_flight), .observer = &timeline});
  ListSource source(asked);
  engine.serve(source, timeline);
}

const nlohmann::json* slice(const TraceChecker& trace, const std::string& name, int nth = 0) {
  for (const auto& event : trace.events()) {
    if (event["ph"] == "X" && event["name"] == name && nth-- == 0) return &event;
  }
  return nullptr;
}

// Steps of 10 ms; the second request joins the second step.
//   step    1 (0..10)   2 (10..20)   3 (20..30)
//   r0      prompt      decode
//   r1      due at 5    prompt       decode
TEST(ReplayTimeline, ShowsStepsRequestsAndTheirWay) {
  const std::string path = timeline_path("timeline.json");
  ReplayTimeline timeline(path, 100);
  FixedCostExecutor executor(10ms);
  serve_shown(requests({{0ms, 8, 2}, {5ms, 6, 2}}), executor, timeline);
  timeline.commit();
  EXPECT_EQ(timeline.shown(), 3U);
  EXPECT_EQ(timeline.steps(), 3U);
  const TraceChecker trace(path);
  EXPECT_EQ(trace.problems(), std::vector<std::string>());
  EXPECT_EQ(trace.slices("step"), 3U);
  EXPECT_EQ(trace.count("s"), 2U);
  EXPECT_EQ(trace.count("f"), 2U);
  EXPECT_EQ(trace.count("t"), 4U);
  const nlohmann::json& second = *slice(trace, "step", 1);
  EXPECT_EQ(second["ts"], 10'000);
  EXPECT_EQ(second["dur"], 10'000);
  EXPECT_EQ(second["args"]["tokens"], 7);
  EXPECT_EQ(second["args"]["prompt_tokens"], 6);
  EXPECT_EQ(second["args"]["decodes"], 1);
  EXPECT_EQ(second["args"]["requests"], nlohmann::json({0, 1}));
  const nlohmann::json& request = *slice(trace, "request 1");
  EXPECT_EQ(request["ts"], 5'000);
  EXPECT_EQ(request["dur"], 25'000);
  EXPECT_EQ((*slice(trace, "queue"))["dur"], 5'000);
}

// Requests of 1,000 tokens each: after three steps the rest is taken in strides, and not shown.
TEST(ReplayTimeline, ShowsTheFirstStepsOnly) {
  const std::string path = timeline_path("first.json");
  ReplayTimeline timeline(path, 3);
  FixedCostExecutor executor(10ms);
  serve_shown(requests({{0ms, 8, 1000}, {60'000ms, 8, 2}}), executor, timeline);
  timeline.commit();
  EXPECT_EQ(timeline.shown(), 3U);
  EXPECT_EQ(timeline.steps(), 1002U);
  const TraceChecker trace(path);
  EXPECT_EQ(trace.problems(), std::vector<std::string>());
  EXPECT_EQ(trace.slices("step"), 3U);
  EXPECT_EQ(trace.slices("request 0"), 1U);
  EXPECT_EQ(trace.slices("request 1"), 0U);
}

TEST(ReplayTimeline, IsSoundOverPoliciesPoolsAndPipelines) {
  RandomStream random(7, "timelines");
  const std::string path = timeline_path("any.json");
  for (int round = 0; round < 40; ++round) {
    SCOPED_TRACE("round " + std::to_string(round));
    SchedulerOptions limits;
    limits.step_tokens = Tokens(random.between(1, 200));
    limits.max_batch = random.between(1, 30);
    limits.kv_blocks = random.between(10, 90);
    limits.steps_in_flight = random.below(3) == 0 ? random.between(2, 4) : 1;
    const auto policies = scheduler_names();
    ReplayTimeline timeline(path, random.below(2) == 0 ? 20 : 100'000);
    TokenCostExecutor executor(static_cast<int>(limits.steps_in_flight));
    serve_shown(random_requests(random.bits(), 40, 80, 40, Duration(20'000)), executor, timeline,
                limits, policies[random.below(policies.size())]);
    timeline.commit();
    EXPECT_EQ(TraceChecker(path).problems(), std::vector<std::string>());
  }
}

// Replicas fail and come back, clients give up and ask again, prompts are computed elsewhere.
TEST(ReplayTimeline, FollowsRequestsThroughFleets) {
  RandomStream random(8, "fleet_timelines");
  const std::string path = timeline_path("fleet.json");
  for (int round = 0; round < 30; ++round) {
    SCOPED_TRACE("round " + std::to_string(round));
    ReplayTimeline timeline(path, 100'000);
    FleetSetup setup;
    setup.replicas = static_cast<std::size_t>(random.between(1, 3));
    setup.scheduler.max_batch = random.between(1, 12);
    setup.fleet.observer = &timeline;
    setup.fleet.clients.retries = 2;
    setup.fleet.clients.ttft_timeout = Duration(random.between(5'000, 100'000));
    setup.fleet.on_failure = random.below(2) == 0 ? OnFailure::fail : OnFailure::reroute;
    if (random.below(2) == 0) {
      setup.decode_replicas = 1;
      setup.fleet.decode.emplace();
      setup.fleet.decode->link = {.bytes_per_token = Bytes(1), .rate = BytesPerSecond(1e7)};
    }
    const auto at = random.between(1, 50'000);
    setup.fleet.events = {{.kind = FleetEvent::Kind::fail, .at = Time(Duration(at))},
                          {.kind = FleetEvent::Kind::recover, .at = Time(Duration(at + 9'000))}};
    if (random.below(3) == 0) setup.fleet.cut = Time(Duration(random.between(0, 200'000)));
    TokenCostExecutor executor;
    ListSource source(random_requests(random.bits(), 30, 80, 60, Duration(9'000)));
    const FleetRun run = run_fleet(source, executor, setup);
    for (const RequestRecord& record : run.records) timeline.accept(record);
    timeline.commit();
    EXPECT_EQ(TraceChecker(path).problems(), std::vector<std::string>());
  }
}

// Two layers: 22 kernels in each forward pass, the last one only of steps that sample, and one that
// samples; all inside their step.
TEST(ReplayTimeline, ShowsTheKernelsOfStepsThatAreComputed) {
  const std::string path = timeline_path("kernels.json");
  ReplayTimeline timeline(path, 100);
  TinyModel model(40);
  SchedulerOptions limits = pool_of();
  limits.block_tokens = Tokens(16);
  limits.kv.cache_answers = false;
  const auto scheduler = make_scheduler("in_flight", limits);
  const PromptTexts texts(1, 256, Tokens(0));
  CpuExecutor executor(model.decoder, *scheduler, model.team, texts,
                       {.sampling = sampling_of({}), .count_between = true});
  SimulatedClock clock;
  Engine engine(*scheduler, executor, clock, {.observer = &timeline});
  ListSource source(requests({{0ms, 20, 3}, {0ms, 10, 1}}));
  engine.serve(source, timeline);
  timeline.commit();
  const TraceChecker trace(path);
  EXPECT_EQ(trace.problems(), std::vector<std::string>());
  EXPECT_EQ(trace.slices("step"), 3U);
  EXPECT_EQ(trace.slices("embed"), 3U);
  EXPECT_EQ(trace.slices("qkv_gemm"), 6U);
  EXPECT_EQ(trace.slices("attention"), 6U);
  EXPECT_EQ(trace.slices("lm_head_gemm"), 3U);
  EXPECT_EQ(trace.slices("sample"), 3U);
}

}  // namespace
}  // namespace inferbench
