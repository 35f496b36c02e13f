#include "harness/replay/fleet.hpp"

#include <gtest/gtest.h>

#include "harness/base/error.hpp"
#include "tests/unit/replay/replay_support.hpp"

namespace inferbench {
namespace {

using namespace inferbench::literals;
using namespace inferbench::testing_support;

ReplayOptions fleet(std::size_t replicas, const std::string& router) {
  ReplayOptions options;
  options.replicas = replicas;
  options.router = router;
  return options;
}

std::vector<int> replicas_of(const Replayed& out) {
  std::vector<int> replicas;
  for (const RequestRecord& record : out.records) replicas.push_back(record.replica);
  return replicas;
}

TEST(Fleet, RoundRobinTakesTurns) {
  const Replayed out = replay(requests({{0ms, 8, 9}, {1ms, 8, 1}, {20ms, 8, 1}, {21ms, 8, 1}}),
                              10ms, fleet(3, "round_robin"));
  EXPECT_EQ(replicas_of(out), (std::vector<int>{0, 1, 2, 0}));
}

// Replica 0 is busy for 90 ms; replica 1 is done with its request at 11 ms and gets the others.
TEST(Fleet, LeastLoadedAvoidsTheBusyReplica) {
  const Replayed out = replay(requests({{0ms, 8, 9}, {1ms, 8, 1}, {20ms, 8, 1}, {40ms, 8, 1}}),
                              10ms, fleet(2, "least_loaded"));
  EXPECT_EQ(replicas_of(out), (std::vector<int>{0, 1, 1, 1}));
}

TEST(Fleet, TiesOfRequestsGoToFewerPromptTokens) {
  const Replayed out =
      replay(requests({{0ms, 100, 9}, {0ms, 10, 9}, {1ms, 8, 1}}), 10ms, fleet(2, "least_loaded"));
  EXPECT_EQ(replicas_of(out), (std::vector<int>{0, 1, 1}));
}

// Each replica steps on its own: r1's first step starts at 5 ms, not at 10 ms.
TEST(Fleet, ReplicasStepIndependently) {
  const Replayed out = replay(requests({{0ms, 8, 2}, {5ms, 8, 2}}), 10ms, fleet(2, "round_robin"));
  EXPECT_EQ(out.records[0].token_times, (TokenTimes{Time(10ms), Time(20ms)}));
  EXPECT_EQ(out.records[1].token_times, (TokenTimes{Time(15ms), Time(25ms)}));
}

// Both end at 10 ms on different replicas; records come in order of id.
TEST(Fleet, TiesBetweenReplicasGoById) {
  const Replayed out =
      replay(requests({{0ms, 8, 1}, {0ms, 8, 1}, {0ms, 8, 1}}), 10ms, fleet(2, "round_robin"));
  EXPECT_EQ(out.order, (std::vector<RequestId>{RequestId(0), RequestId(1), RequestId(2)}));
}

}  // namespace
}  // namespace inferbench
