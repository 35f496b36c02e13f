#include "harness/replay/router.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <vector>

#include "harness/base/error.hpp"
#include "harness/base/random.hpp"
#include "harness/replay/prefix_aware_router.hpp"
#include "harness/replay/tournament_tree.hpp"

namespace inferbench {
namespace {

ReplicaLoads loads(const std::vector<std::int64_t>& open_requests) {
  ReplicaLoads loads(open_requests.size());
  for (std::size_t i = 0; i < open_requests.size(); ++i) {
    loads.open(i);
    loads.set(i, {.open_requests = open_requests[i], .open_tokens = Tokens(0)});
  }
  return loads;
}

Request asked(std::uint64_t session, std::vector<std::uint64_t> prefix = {}) {
  Request request;
  request.session = SessionId(session);
  request.prefix_blocks = std::move(prefix);
  return request;
}

// Against a search through all places, over random changes; few values, so that ties come up.
TEST(TournamentTree, AgreesWithASearchThroughAllPlaces) {
  RandomStream random(1, "tournament_tree");
  for (const std::size_t places : {1U, 2U, 3U, 7U, 8U, 9U, 64U}) {
    TournamentTree<int> tree(places, 10);
    std::vector<int> keys(places, 10);
    for (int change = 0; change < 300; ++change) {
      const std::size_t place = random.below(places);
      keys[place] = static_cast<int>(random.below(11));
      tree.set(place, keys[place]);
      const auto least = std::min_element(keys.begin(), keys.end());
      EXPECT_EQ(tree.least(), *least);
      EXPECT_EQ(tree.place_of_least(), static_cast<std::size_t>(least - keys.begin()));
      const std::size_t from = random.below(places + 1);
      const int bound = static_cast<int>(random.below(10));
      const auto next = std::find_if(keys.begin() + static_cast<std::ptrdiff_t>(from), keys.end(),
                                     [&](int key) { return key <= bound; });
      EXPECT_EQ(tree.next(from, bound), static_cast<std::size_t>(next - keys.begin()));
    }
  }
}

TEST(ReplicaLoads, AReplicaThatTakesNothingIsNeverTheLeastLoaded) {
  ReplicaLoads of = loads({3, 1, 2});
  of.close(1);
  EXPECT_EQ(of.least_loaded(), 2U);
  of.set(1, {.open_requests = 0, .open_tokens = Tokens(0)});
  EXPECT_EQ(of.least_loaded(), 2U);
  EXPECT_EQ(of.taker_from(1), 2U);
  of.open(1);
  EXPECT_EQ(of.least_loaded(), 1U);
  EXPECT_EQ(of.takers(), 3U);
}

TEST(Router, RoundRobinSkipsWhoTakesNothing) {
  const auto router = make_router("round_robin");
  ReplicaLoads of = loads({0, 0, 0});
  of.close(1);
  std::vector<std::size_t> picked;
  for (int i = 0; i < 4; ++i) picked.push_back(router->pick(asked(0), of));
  EXPECT_EQ(picked, (std::vector<std::size_t>{0, 2, 0, 2}));
}

TEST(Router, OneReplicaGetsEverythingUnderEveryPolicy) {
  for (const std::string& name : router_names()) {
    const auto router = make_router(name);
    const ReplicaLoads of = loads({1000});
    for (std::uint64_t i = 0; i < 5; ++i) EXPECT_EQ(router->pick(asked(i, {i, 1}), of), 0U) << name;
  }
}

// The busiest of n replicas is drawn only with itself, which cannot be: it never gets a request.
// Each other one does, and equal seeds draw alike.
TEST(Router, PowerOfTwoNeverPicksTheBusiest) {
  const ReplicaLoads of = loads({5, 4, 9, 3});
  const auto first = make_router("power_of_two", {.seed = 7}),
             second = make_router("power_of_two", {.seed = 7});
  std::vector<int> count(4);
  for (int i = 0; i < 6000; ++i) {
    const std::size_t picked = first->pick(asked(0), of);
    EXPECT_EQ(second->pick(asked(0), of), picked);
    ++count[picked];
  }
  EXPECT_EQ(count[2], 0);
  // Pairs of four: 3 of 6 hold replica 3, 2 of the others hold replica 1, 1 only replica 0 and 2.
  EXPECT_NEAR(count[3], 3000, 200);
  EXPECT_NEAR(count[1], 2000, 200);
  EXPECT_NEAR(count[0], 1000, 200);
}

TEST(Router, ASessionStaysWhereItBegan) {
  const auto router = make_router("session_sticky");
  ReplicaLoads of = loads({1, 0, 2});
  EXPECT_EQ(router->pick(asked(8), of), 1U);
  of.set(1, {.open_requests = 50, .open_tokens = Tokens(0)});
  EXPECT_EQ(router->pick(asked(8), of), 1U);
  EXPECT_EQ(router->pick(asked(9), of), 0U);
  of.close(1);
  EXPECT_EQ(router->pick(asked(8), of), 0U);  // its home is gone
  of.open(1);
  EXPECT_EQ(router->pick(asked(8), of), 0U);  // and its cache is elsewhere now
}

TEST(PrefixAwareRouter, FollowsTheLongestPrefix) {
  PrefixAwareRouter router;
  ReplicaLoads of = loads({0, 1, 2});
  EXPECT_EQ(router.pick(asked(0, {1, 2, 3}), of), 0U);  // nothing known: the least loaded
  of.set(0, {.open_requests = 5, .open_tokens = Tokens(0)});
  EXPECT_EQ(router.pick(asked(1, {1, 2, 4}), of), 0U);  // two of three blocks match
  EXPECT_EQ(router.pick(asked(2, {1, 9, 9}), of), 1U);  // one of three is too little
  EXPECT_EQ(router.pick(asked(3, {2, 3}), of), 1U);     // the same blocks behind another prefix
  EXPECT_EQ(router.pick(asked(4), of), 1U);             // no prefix
}

// The idlest replica has 10: up to 10 + 32 open requests, or 1.5 x 10, are fine.
TEST(PrefixAwareRouter, LeavesTheCacheWhenItsReplicaIsTooBusy) {
  PrefixAwareRouter router;
  ReplicaLoads of = loads({10, 10});
  ASSERT_EQ(router.pick(asked(0, {1, 2}), of), 0U);
  of.set(0, {.open_requests = 42, .open_tokens = Tokens(0)});
  EXPECT_EQ(router.pick(asked(1, {1, 2}), of), 0U);
  of.set(0, {.open_requests = 43, .open_tokens = Tokens(0)});
  EXPECT_EQ(router.pick(asked(2, {1, 2}), of), 1U);
  // Both have the prefix now: the less loaded of them.
  of.set(1, {.open_requests = 41, .open_tokens = Tokens(0)});
  EXPECT_EQ(router.pick(asked(3, {1, 2}), of), 1U);
}

TEST(PrefixAwareRouter, ForgetsWhatWasNotUsedForLongest) {
  PrefixAwareRouter router({.blocks = 4});
  ReplicaLoads of = loads({0, 0});
  router.pick(asked(0, {1, 2}), of);
  of.set(0, {.open_requests = 1, .open_tokens = Tokens(0)});
  router.pick(asked(1, {5, 6, 7}), of);  // five blocks: the end of the first prefix goes
  EXPECT_EQ(router.indexed_blocks(), 4U);
  EXPECT_EQ(router.pick(asked(2, {1, 2}), of), 0U);  // half of it is still known
  router.pick(asked(3, {8, 9, 10, 11}), of);
  of.set(0, {.open_requests = 3, .open_tokens = Tokens(0)});
  EXPECT_EQ(router.pick(asked(4, {1, 2}), of), 1U);
}

TEST(Router, AnUnknownPolicyIsAnsweredWithTheNearest) {
  try {
    make_router("round-robin");
    FAIL();
  } catch (const Error& error) {
    EXPECT_NE(std::string(error.what()).find("round_robin"), std::string::npos) << error.what();
  }
}

}  // namespace
}  // namespace inferbench
