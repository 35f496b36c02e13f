#include "harness/replay/decomposition.hpp"

#include <gtest/gtest.h>

#include "tests/unit/replay/fleet_support.hpp"

namespace inferbench {
namespace {

using namespace inferbench::literals;
using namespace inferbench::testing_support;

// 10 ms: 6 of GEMM, 2 of attention, 2 of the host.
class TenMilliseconds final : public Executor {
 public:
  StepResult run(const BatchPlan&) override {
    StepResult result;
    result.timing.elapsed = result.timing.stage = 10ms;
    result.timing.parts.gemm = 6ms;
    result.timing.parts.attention = 2ms;
    result.timing.parts.host = 2ms;
    return result;
  }
};

TimeParts parts(std::initializer_list<std::pair<TimePart, Duration>> list, Duration prefill) {
  TimeParts out;
  for (const auto& [part, time] : list) out[part] = time;
  out.prefill = prefill;
  return out;
}

// Steps of 100 tokens. The chunk of step 2 takes 99 of 100 positions, and 99 x 50 = 4,950 of the
// 4,950 + 101 scores; step 3 has a position of each, and scores of 100 and of 102 tokens.
//
//   step   1 (0..10)   2 (10..20)   3 (20..30)   4 (30..40)
//   r0     100 tokens  decode       decode
//   r1     due at 5    99 tokens    1 token      decode
TEST(Decomposition, SplitsStepsByTheWorkInThem) {
  Decomposition decomposition;
  TenMilliseconds executor;
  ReplayOptions options;
  options.scheduler.step_tokens = Tokens(100);
  options.observer = &decomposition;
  const auto records = replay(requests({{0ms, 100, 3}, {5ms, 100, 2}}), executor, options).records;
  const Duration attention2 = Duration(39'992), attention3 = Duration(1'009'901);
  EXPECT_EQ(
      records[0].parts->first_token,
      parts({{TimePart::gemm, 6ms}, {TimePart::attention, 2ms}, {TimePart::host, 2ms}}, 10ms));
  EXPECT_EQ(records[0].parts->answer,
            parts({{TimePart::gemm, 60us + 3ms},
                   {TimePart::attention, attention2 + attention3},
                   {TimePart::host, 4ms},
                   {TimePart::interference, 5940us + 3ms + 4ms - attention2 - attention3}},
                  0ms));
  EXPECT_EQ(records[1].parts->first_token,
            parts({{TimePart::queue, 5ms},
                   {TimePart::gemm, 5940us + 3ms},
                   {TimePart::attention, 4ms - attention2 - attention3},
                   {TimePart::host, 4ms},
                   {TimePart::interference, 60us + 3ms + attention2 + attention3}},
                  16'940us - attention2 - attention3));
  EXPECT_EQ(records[1].parts->answer,
            parts({{TimePart::gemm, 6ms}, {TimePart::attention, 2ms}, {TimePart::host, 2ms}}, 0ms));
}

// The prompt of 30 tokens is computed at 10 ms; its KV is on the way for 32 ms.
TEST(Decomposition, FollowsARequestToTheDecodePool) {
  Decomposition decomposition;
  FleetSetup setup{.replicas = 1, .decode_replicas = 1};
  setup.fleet.observer = &decomposition;
  setup.fleet.decode.emplace();
  setup.fleet.decode->link = {
      .bytes_per_token = Bytes(1), .rate = BytesPerSecond(1000), .latency = 2ms};
  const FleetRun run = run_fleet(requests({{0ms, 30, 3}}), 10ms, setup);
  const RequestParts& went = *run.records[0].parts;
  EXPECT_EQ(went.first_token, parts({{TimePart::host, 10ms}}, 10ms));
  EXPECT_EQ(went.answer, parts({{TimePart::kv_transfer, 32ms}, {TimePart::host, 20ms}}, 0ms));
}

// The replica fails at 15 ms, in the second step; the request goes on at the other one, where its
// prompt and its first token are computed again: 10 more ms, of which 5 were lost.
TEST(Decomposition, CountsWorkLostWithAReplicaAsWaiting) {
  Decomposition decomposition;
  FleetSetup setup{.replicas = 2};
  setup.fleet.observer = &decomposition;
  setup.fleet.events = {{.kind = FleetEvent::Kind::fail, .at = Time(15ms), .replica = 0}};
  const FleetRun run = run_fleet(requests({{0ms, 30, 3}}), 10ms, setup);
  EXPECT_EQ(times(run.records[0]), (std::vector<Duration>{10ms, 25ms, 35ms}));
  const RequestParts& went = *run.records[0].parts;
  EXPECT_EQ(went.first_token.total(), 10ms);
  EXPECT_EQ(went.answer, parts({{TimePart::queue, 5ms}, {TimePart::host, 20ms}}, 10ms));
}

// Of 4 ms of collectives 3 are hidden; 1 ms of launches runs ahead of the GPU.
TEST(StepParts, TakesHiddenTimeFromWhatHides) {
  StepTiming timing;
  timing.parts.gemm = 5ms;
  timing.parts.scale_up = 3ms;
  timing.parts.scale_out = 1ms;
  timing.parts.host = 2ms;
  timing.hidden = 4ms;
  timing.hidden_collectives = 3ms;
  timing.elapsed = timing.stage = 7ms;
  const TimeParts whole = step_parts(timing, 7ms);
  EXPECT_EQ(whole[TimePart::gemm], 5ms);
  EXPECT_EQ(whole[TimePart::collectives], 1ms);
  EXPECT_EQ(whole[TimePart::host], 1ms);
  EXPECT_EQ(whole.hidden_collectives, 3ms);
  EXPECT_EQ(step_parts(timing, 14ms)[TimePart::gemm], 10ms);  // two stages alike
}

TEST(Apportion, SharesAddUpToTheWhole) {
  const std::vector<Duration> weights = {Duration(1), Duration(1), Duration(0), Duration(1)};
  std::vector<Duration> shares(4);
  apportion(weights, Duration(10), shares);
  EXPECT_EQ(shares, (std::vector<Duration>{Duration(3), Duration(4), Duration(0), Duration(3)}));
  apportion(std::vector<Duration>(4), Duration(10), shares);
  EXPECT_EQ(shares.back(), Duration(10));
}

}  // namespace
}  // namespace inferbench
