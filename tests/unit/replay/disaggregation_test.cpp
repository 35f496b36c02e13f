// Prefill and decode in pools of their own.

#include <gtest/gtest.h>

#include "harness/replay/fleet_events.hpp"
#include "tests/unit/replay/fleet_support.hpp"

namespace inferbench {
namespace {

using namespace inferbench::literals;
using namespace inferbench::testing_support;

// 1 byte per token at 1,000 bytes/s: a token takes a millisecond.
FleetSetup apart(std::size_t prefill, std::size_t decode) {
  FleetSetup setup{.replicas = prefill, .decode_replicas = decode};
  setup.fleet.decode.emplace();
  setup.fleet.decode->link = {
      .bytes_per_token = Bytes(1), .rate = BytesPerSecond(1000), .latency = 2ms};
  return setup;
}

// Steps take 10 ms. The prompt of 30 tokens is computed at 10 ms, its KV is there at
// 10 + 30 + 2 ms, and the decode pool goes on from there.
TEST(Disaggregation, TheFirstTokenComesFromPrefillAndTheRestAfterTheTransfer) {
  const FleetRun run = run_fleet(requests({{0ms, 30, 3}}), 10ms, apart(1, 1));
  const RequestRecord& record = run.records[0];
  EXPECT_EQ(record.outcome, Outcome::completed);
  EXPECT_EQ(times(record), (std::vector<Duration>{10ms, 52ms, 62ms}));
  EXPECT_EQ(record.prefill_replica, 0);
  EXPECT_EQ(record.replica, 1);  // the decode pool's are counted behind the prefill pool's
  EXPECT_EQ(run.stats[0].new_tokens, 30U);
  EXPECT_EQ(run.stats[1].new_tokens, 2U);
  EXPECT_EQ(run.activity.transfers.bytes.count(), 30);
}

TEST(Disaggregation, AnAnswerOfOneTokenNeedsNoTransfer) {
  const FleetRun run = run_fleet(requests({{0ms, 30, 1}}), 10ms, apart(1, 1));
  EXPECT_EQ(times(run.records[0]), (std::vector<Duration>{10ms}));
  EXPECT_EQ(run.activity.transfers.transfers, 0U);
  EXPECT_FALSE(run.records[0].prefill_replica.has_value());
}

// Both prompts are ready at 10 ms. One sender: the second transfer starts when the first has left
// the link, at 40 ms; the latency occupies no link. Two senders do not meet.
TEST(Disaggregation, TransfersOfOneSenderShareItsLink) {
  const auto asked = requests({{0ms, 30, 2}, {0ms, 20, 2}});
  const FleetRun one = run_fleet(asked, 10ms, apart(1, 1));
  EXPECT_EQ(times(one.records[0]), (std::vector<Duration>{10ms, 52ms}));
  EXPECT_EQ(times(one.records[1]), (std::vector<Duration>{10ms, 72ms}));
  EXPECT_EQ(one.activity.transfers.queued, Duration(30ms));
  const FleetRun two = run_fleet(asked, 10ms, apart(2, 2));
  EXPECT_EQ(times(two.records[0]), (std::vector<Duration>{10ms, 52ms}));
  EXPECT_EQ(times(two.records[1]), (std::vector<Duration>{10ms, 42ms}));
}

// Four blocks of 16: both prompts of 30 tokens fit the prefill pool, one request with its answer of
// 20 more fits the decode pool at a time. The other waits there with its KV.
TEST(Disaggregation, DecodesQueueForMemory) {
  FleetSetup setup = apart(1, 1);
  setup.scheduler.kv_blocks = 4;
  setup.scheduler.block_tokens = 16_tok;
  setup.scheduler.watermark = 0.5;
  setup.fleet.decode->link = {};
  const FleetRun run = run_fleet(requests({{0ms, 30, 4}, {0ms, 30, 2}}), 10ms, setup);
  EXPECT_EQ(times(run.records[0]), (std::vector<Duration>{10ms, 20ms, 30ms, 40ms}));
  EXPECT_EQ(times(run.records[1]), (std::vector<Duration>{20ms, 50ms}));
}

// The decode replica fails at 57 ms with two tokens visible: the prompt and both are computed again
// (67 ms: the third token), sent (32 ms + 2 ms), and decoded by the other one (111 ms).
TEST(Disaggregation, AFailedDecodeReplicaSendsItsRequestsBackToPrefill) {
  FleetSetup setup = apart(1, 2);
  setup.fleet.events = {parse_fleet_event("fail replica=0 at=57ms pool=decode", "test")};
  const FleetRun run = run_fleet(requests({{0ms, 30, 4}}), 10ms, setup);
  EXPECT_EQ(times(run.records[0]), (std::vector<Duration>{10ms, 52ms, 67ms, 111ms}));
  EXPECT_EQ(run.records[0].replica, 2);
  EXPECT_EQ(run.records[0].reroutes, 1);
}

// Two prompts in one step of the prefill pool. The first request's decode replica fails at 57 ms,
// and it comes back to the prefill pool alone: the token of 67 ms is its own. Its KV of 32 tokens
// leaves once the link is free, at 70 ms, and is there at 104 ms.
TEST(Disaggregation, WhoComesBackToAReplicaIsNotTakenForItsPast) {
  FleetSetup setup = apart(1, 2);
  setup.fleet.events = {parse_fleet_event("fail replica=0 at=57ms pool=decode", "test")};
  const FleetRun run = run_fleet(requests({{0ms, 30, 4}, {0ms, 30, 4}}), 10ms, setup);
  EXPECT_EQ(times(run.records[0]), (std::vector<Duration>{10ms, 52ms, 67ms, 114ms}));
  EXPECT_EQ(times(run.records[1]), (std::vector<Duration>{10ms, 82ms, 92ms, 102ms}));
}

TEST(Disaggregation, WithoutADecodeReplicaARequestFailsWithItsFirstToken) {
  FleetSetup setup = apart(1, 1);
  setup.fleet.events = {parse_fleet_event("drain replica=0 at=0s pool=decode", "test")};
  const FleetRun run = run_fleet(requests({{0ms, 30, 4}}), 10ms, setup);
  EXPECT_EQ(run.records[0].outcome, Outcome::failed);
  EXPECT_EQ(run.records[0].reason, Reason::no_replica);
  EXPECT_EQ(times(run.records[0]), (std::vector<Duration>{10ms}));
}

TEST(Disaggregation, AClientMayGiveUpWhileItsKvIsOnTheWay) {
  FleetSetup setup = apart(1, 1);
  setup.fleet.clients.total_timeout = 30ms;
  const FleetRun run = run_fleet(requests({{0ms, 30, 4}}), 10ms, setup);
  EXPECT_EQ(run.records[0].reason, Reason::total_timeout);
  EXPECT_EQ(run.records[0].ended, Time(30ms));
}

// On a link that takes no time, with as many replicas in each pool as the fleet has, everybody ends
// as in that fleet, with as many tokens.
TEST(Disaggregation, AnInfinitelyFastLinkChangesNoOutcome) {
  const auto asked = random_requests(5, 300, 100, 60, 1ms);
  FleetSetup setup{.replicas = 3};
  setup.scheduler.kv_blocks = 9;
  const FleetRun together = run_fleet(asked, 1ms, setup);
  setup.decode_replicas = 3;
  const FleetRun split = run_fleet(asked, 1ms, setup);
  for (std::size_t i = 0; i < asked.size(); ++i) {
    EXPECT_EQ(split.records[i].outcome, together.records[i].outcome) << i;
    EXPECT_EQ(split.records[i].token_times.size(), together.records[i].token_times.size()) << i;
  }
}

}  // namespace
}  // namespace inferbench
