#include "harness/replay/fleet_events.hpp"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "harness/base/error.hpp"
#include "tests/unit/replay/fleet_support.hpp"

namespace inferbench {
namespace {

using namespace inferbench::literals;
using namespace inferbench::testing_support;

FleetEvent event(const std::string& text) {
  return parse_fleet_event(text, "--event");
}

// Steps take 10 ms. Both requests run on replica 0 and 1 (round robin). Replica 0 fails at 25 ms,
// when request 0 has tokens at 10 and 20 ms; its third, due at 30 ms, is lost. Replica 1 is in a
// step until 30 ms, computes the prompt and the two tokens again until 40 ms: token 3, then 4.
TEST(FleetEvents, OpenRequestsOfAFailedReplicaGoOnElsewhere) {
  FleetSetup setup{.replicas = 2};
  setup.fleet.events = {event("fail replica=0 at=25ms")};
  const FleetRun run = run_fleet(requests({{0ms, 8, 4}, {0ms, 8, 6}}), 10ms, setup);
  EXPECT_EQ(run.records[0].outcome, Outcome::completed);
  EXPECT_EQ(times(run.records[0]), (std::vector<Duration>{10ms, 20ms, 40ms, 50ms}));
  EXPECT_EQ(run.records[0].replica, 1);
  EXPECT_EQ(run.records[0].reroutes, 1);
  EXPECT_EQ(run.records[0].admitted, Time(0ms));
  EXPECT_EQ(times(run.records[1]), (std::vector<Duration>{10ms, 20ms, 30ms, 40ms, 50ms, 60ms}));
  EXPECT_EQ(run.stats[1].new_tokens, 8U + 5U + 10U + 1U);  // 10: the prompt and two tokens again
  EXPECT_EQ(run.activity.rerouted, 1U);
}

TEST(FleetEvents, OrTheyFailWithTheirTokens) {
  FleetSetup setup{.replicas = 2};
  setup.fleet.events = {event("fail replica=0 at=25ms")};
  setup.fleet.on_failure = OnFailure::fail;
  const FleetRun run = run_fleet(requests({{0ms, 8, 4}, {0ms, 8, 2}}), 10ms, setup);
  EXPECT_EQ(run.records[0].outcome, Outcome::failed);
  EXPECT_EQ(run.records[0].reason, Reason::replica_failed);
  EXPECT_EQ(times(run.records[0]), (std::vector<Duration>{10ms, 20ms}));
  EXPECT_EQ(run.records[0].ended, Time(25ms));
  EXPECT_EQ(run.records[1].outcome, Outcome::completed);
}

// What was open fails for want of a replica, what comes is refused, until one is back.
TEST(FleetEvents, WhenAllReplicasFailEveryRequestStillEnds) {
  FleetSetup setup{.replicas = 2};
  setup.fleet.events = {event("fail replica=0 at=15ms"), event("fail replica=1 at=15ms"),
                        event("recover replica=1 at=30ms start=20ms")};
  const FleetRun run =
      run_fleet(requests({{0ms, 8, 9}, {20ms, 8, 9}, {49ms, 8, 1}, {50ms, 8, 1}}), 10ms, setup);
  EXPECT_EQ(run.records[0].outcome, Outcome::failed);
  EXPECT_EQ(run.records[0].reason, Reason::no_replica);
  for (const std::size_t refused : {1U, 2U}) {
    EXPECT_EQ(run.records[refused].outcome, Outcome::rejected);
    EXPECT_EQ(run.records[refused].reason, Reason::no_replica);
  }
  EXPECT_EQ(times(run.records[3]), (std::vector<Duration>{60ms}));
  EXPECT_EQ(run.records[3].replica, 1);
}

TEST(FleetEvents, ADrainingReplicaFinishesWhatItHas) {
  FleetSetup setup{.replicas = 2};
  setup.fleet.events = {event("drain replica=0 at=5ms")};
  const FleetRun run = run_fleet(requests({{0ms, 8, 4}, {6ms, 8, 1}, {7ms, 8, 1}}), 10ms, setup);
  EXPECT_EQ(times(run.records[0]), (std::vector<Duration>{10ms, 20ms, 30ms, 40ms}));
  EXPECT_EQ(run.records[1].replica, 1);
  EXPECT_EQ(run.records[2].replica, 1);
}

// Two of three members wait; one more serves from 20 ms + 10 ms on.
TEST(FleetEvents, AScaleUpServesWhenItHasStarted) {
  FleetSetup setup{.replicas = 3};
  setup.fleet.serving = 1;
  setup.fleet.events = {event("scale_up at=20ms start=10ms")};
  const FleetRun run = run_fleet(
      requests({{0ms, 8, 1}, {29ms, 8, 1}, {30ms, 8, 1}, {31ms, 8, 1}, {32ms, 8, 1}}), 10ms, setup);
  std::vector<int> replicas;
  for (const RequestRecord& record : run.records) replicas.push_back(record.replica);
  EXPECT_EQ(replicas, (std::vector<int>{0, 0, 1, 0, 1}));
  EXPECT_EQ(run.activity.most_serving, 2U);
}

// Ten requests of 100 ms at once. Looks at 10 ms (depth 10 > 4: start), 20 ms (cooling down),
// 30 ms and 50 ms (depth 10 / 2, 10 / 3: the third is not needed). When the burst is over, one
// after the other drains down to the least.
TEST(FleetEvents, TheAutoscalerFollowsTheQueue) {
  FleetSetup setup{.replicas = 3};
  setup.fleet.serving = 1;
  setup.fleet.autoscaler =
      parse_autoscaler("min=1,max=3,up=4,down=1,interval=10ms,cooldown=20ms", "--autoscale");
  std::vector<Ask> asks(10, {0ms, 8, 10});
  for (int i = 0; i < 10; ++i) asks.push_back({Duration(200ms) + i * Duration(20ms), 8, 1});
  const FleetRun run = run_fleet(requests(asks), 10ms, setup);
  EXPECT_EQ(run.activity.starts, 2U);  // at 10 and 30 ms
  EXPECT_EQ(run.activity.most_serving, 3U);
  EXPECT_EQ(run.activity.drains, 2U);
  for (const RequestRecord& record : run.records) EXPECT_EQ(record.outcome, Outcome::completed);
}

TEST(FleetEvents, MoreThanMayBeOpenIsRefused) {
  FleetSetup setup{.replicas = 2};
  setup.fleet.most_open = 1;
  const auto asked = requests({{0ms, 8, 1}, {9ms, 8, 1}, {10ms, 8, 1}});
  const FleetRun whole = run_fleet(asked, 10ms, setup);
  EXPECT_EQ(whole.records[1].outcome, Outcome::rejected);
  EXPECT_EQ(whole.records[1].reason, Reason::overloaded);
  EXPECT_EQ(whole.records[2].outcome, Outcome::completed);

  setup.fleet.most_open.reset();
  setup.fleet.most_open_per_replica = 1;
  const FleetRun each = run_fleet(requests({{0ms, 8, 1}, {1ms, 8, 9}, {2ms, 8, 1}}), 10ms, setup);
  EXPECT_EQ(each.records[1].replica, 1);
  EXPECT_EQ(each.records[2].reason, Reason::overloaded);
}

// Batches of one: request 1 waits for request 0 until 40 ms. A first token at the very end of the
// time is in time.
TEST(FleetClients, GiveUpWithoutAFirstToken) {
  FleetSetup setup;
  setup.scheduler.max_batch = 1;
  const auto asked = requests({{0ms, 8, 4}, {0ms, 8, 1}, {0ms, 8, 1}});
  setup.fleet.clients.ttft_timeout = 50ms;
  const FleetRun run = run_fleet(asked, 10ms, setup);
  EXPECT_EQ(run.records[1].outcome, Outcome::completed);
  EXPECT_EQ(run.records[2].outcome, Outcome::cancelled);
  EXPECT_EQ(run.records[2].reason, Reason::ttft_timeout);
  EXPECT_EQ(run.records[2].ended, Time(50ms));
  EXPECT_EQ(run.stats[0].scheduler.kv_used, 0);
}

TEST(FleetClients, GiveUpAmidAnAnswer) {
  FleetSetup setup;
  setup.fleet.clients.total_timeout = 25ms;
  const FleetRun run = run_fleet(requests({{0ms, 8, 9}, {5ms, 8, 1}}), 10ms, setup);
  EXPECT_EQ(run.records[0].outcome, Outcome::cancelled);
  EXPECT_EQ(run.records[0].reason, Reason::total_timeout);
  EXPECT_EQ(times(run.records[0]), (std::vector<Duration>{10ms, 20ms}));
  EXPECT_EQ(times(run.records[1]), (std::vector<Duration>{20ms}));
  EXPECT_EQ(run.stats[0].scheduler.kv_used, 0);
}

// Refused at 5 ms, asks again at 7 ms (refused), 11 ms: 2, then 4 ms of backoff.
TEST(FleetClients, AskAgainWithGrowingBackoff) {
  FleetSetup setup;
  setup.fleet.most_open = 1;
  setup.fleet.clients.retries = 2;
  setup.fleet.clients.backoff = 2ms;
  const FleetRun run = run_fleet(requests({{0ms, 8, 1}, {5ms, 8, 1}}), 10ms, setup);
  EXPECT_EQ(run.records[1].outcome, Outcome::completed);
  EXPECT_EQ(run.records[1].attempts, 3);
  EXPECT_EQ(run.records[1].scheduled, Time(5ms));
  EXPECT_EQ(times(run.records[1]), (std::vector<Duration>{21ms}));
  EXPECT_EQ(run.activity.retried, 2U);
}

// The cancelled attempt is still in a step when its client asks again, at once, for the same.
TEST(FleetClients, MayAskAgainWhileTheOldAttemptIsInAStep) {
  FleetSetup setup;
  setup.fleet.clients = {.total_timeout = 15ms, .retries = 1};
  const FleetRun run = run_fleet(requests({{0ms, 8, 3}}), 10ms, setup);
  EXPECT_EQ(run.records[0].outcome, Outcome::cancelled);  // 20 to 30 ms: one token again
  EXPECT_EQ(run.records[0].attempts, 2);
  EXPECT_EQ(times(run.records[0]), (std::vector<Duration>{30ms}));
  EXPECT_EQ(run.stats[0].scheduler.kv_used, 0);
}

void expect_refused(const std::string& text, const std::string& part) {
  try {
    event(text);
    FAIL() << text;
  } catch (const Error& error) {
    EXPECT_NE(std::string(error.what()).find(part), std::string::npos) << error.what();
  }
}

TEST(FleetEventText, IsReadWhole) {
  const FleetEvent start = event("scale_up at=1.5s replicas=2 start=90s pool=decode");
  EXPECT_EQ(start.kind, FleetEvent::Kind::scale_up);
  EXPECT_EQ(start.at, Time(1500ms));
  EXPECT_EQ(start.replicas, 2);
  EXPECT_EQ(start.start, Duration(90s));
  EXPECT_TRUE(start.decode_pool);
}

TEST(FleetEventText, IsRefusedWithThePlaceAndTheWayOut) {
  expect_refused("fial replica=1 at=1s", "fail");
  expect_refused("fail at=1s", "replica is missing");
  expect_refused("fail replica=1", "at is missing");
  expect_refused("fail replica=1 at=-1s", "at");
  expect_refused("fail replica=-1 at=1s", "replica");
  expect_refused("fail replica=1 at=1s wen=2", "wen");
  expect_refused("fail replica=1 replica=2 at=1s", "twice");
  expect_refused("drain replica=1 at=1s start=2s", "start");
  expect_refused("fail replica=1 at=1s pool=middle", "middle");
  const std::vector<FleetEvent> events = {event("fail replica=4 at=1s")};
  EXPECT_THROW(check_events(events, 4, 0), Error);
  EXPECT_NO_THROW(check_events(events, 5, 0));
  const std::vector<FleetEvent> decode = {event("fail replica=0 at=1s pool=decode")};
  EXPECT_THROW(check_events(decode, 4, 0), Error);
  EXPECT_THROW(parse_autoscaler("max=2,up=3,down=3,interval=1s", "--autoscale"), Error);
  EXPECT_THROW(parse_autoscaler("max=2,up=3,interval=0s", "--autoscale"), Error);
  EXPECT_THROW(parse_autoscaler("max=2,up=3,interval=10us", "--autoscale"), Error);
  EXPECT_THROW(parse_autoscaler("max=0,up=3,interval=1s", "--autoscale"), Error);
}

TEST(FleetEventFile, HoldsTheSameEvents) {
  const std::string path =
      (std::filesystem::temp_directory_path() / "inferbench_fleet_events.json").string();
  std::ofstream(path) << R"([{"event": "fail", "replica": 1, "at": "2s"},
                             {"event": "scale_up", "at": 3, "replicas": 2}])";
  const auto events = read_fleet_events(path);
  ASSERT_EQ(events.size(), 2U);
  EXPECT_EQ(events[0].replica, 1);
  EXPECT_EQ(events[1].at, Time(3s));
  std::ofstream(path) << R"([{"event": "fail", "replica": [1], "at": "2s"}])";
  EXPECT_THROW(read_fleet_events(path), Error);
  std::ofstream(path) << "{";
  EXPECT_THROW(read_fleet_events(path), Error);
  std::filesystem::remove(path);
  EXPECT_THROW(read_fleet_events(path), Error);
}

}  // namespace
}  // namespace inferbench
