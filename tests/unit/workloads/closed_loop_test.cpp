#include "workloads/closed_loop.hpp"

#include <cmath>

#include "tests/unit/workloads/stream_support.hpp"
#include "workloads/open_loop.hpp"

namespace inferbench {
namespace {

using namespace std::chrono_literals;

constexpr ThinkTime kNoThinking{};

std::vector<Request> numbered(std::size_t count) {
  std::vector<Request> requests;
  for (std::size_t i = 0; i < count; ++i) {
    requests.push_back(request_at(99, static_cast<std::int64_t>(i + 1)));
  }
  return requests;
}

// Two users, thinking for 1 s, four requests; answers take 10 s and 4 s, then 5 s:
//   user 0: r0 asked 0 s, ended 10 s; r3 asked 11 s
//   user 1: r1 asked 0 s, ended  4 s; r2 asked 5 s, ended 10 s; nothing is left
TEST(ClosedLoop, AUserAsksAgainWhenTheAnswerEndedAndThought) {
  ClosedLoopSource source(lone_requests(numbered(4)), 2, {.mean = 1s, .exponential = false}, 0, {});
  EXPECT_EQ(source.next_arrival(), Time(0s));
  const Request r0 = source.pop();
  const Request r1 = source.pop();
  EXPECT_EQ(r0.arrival, Time(0s));
  EXPECT_EQ(r1.arrival, Time(0s));
  EXPECT_EQ(source.next_arrival(), kNever);
  source.ended(r1, Time(4s));
  EXPECT_EQ(source.next_arrival(), Time(5s));
  const Request r2 = source.pop();
  EXPECT_EQ(r2.id, RequestId(2));
  EXPECT_EQ(r2.arrival, Time(5s));
  EXPECT_EQ(r2.input, Tokens(3));
  source.ended(r0, Time(10s));
  source.ended(r2, Time(10s));
  EXPECT_EQ(source.next_arrival(), Time(11s));
  EXPECT_EQ(source.pop().input, Tokens(4));
  EXPECT_EQ(source.next_arrival(), kNever);
}

// Conversation a has turns a0 a1, b is b0, c has c0 c1. One user takes a whole, then b, then c;
// a second one begins with b and goes on to c.
TEST(ClosedLoop, TurnsFollowTheirOwnAnswers) {
  std::vector<Request> turns = numbered(5);
  turns[0].session = turns[1].session = SessionId(0);
  turns[2].session = SessionId(2);
  turns[3].session = turns[4].session = SessionId(3);
  ClosedLoopSource source(std::make_unique<ListStream>(turns), 2, kNoThinking, 0, {});
  const Request a0 = source.pop(), b0 = source.pop();
  EXPECT_EQ(a0.input, Tokens(1));
  EXPECT_EQ(b0.input, Tokens(3));
  source.ended(b0, Time(1s));
  const Request c0 = source.pop();
  EXPECT_EQ(c0.input, Tokens(4));
  EXPECT_EQ(c0.arrival, Time(1s));
  EXPECT_EQ(source.next_arrival(), kNever);  // c1 waits for c0, a1 for a0
  source.ended(a0, Time(2s));
  const Request a1 = source.pop();
  EXPECT_EQ(a1.input, Tokens(2));
  EXPECT_EQ(a1.session, a0.session);
  source.ended(a1, Time(3s));
  EXPECT_EQ(source.next_arrival(), kNever);
  source.ended(c0, Time(4s));
  EXPECT_EQ(source.pop().input, Tokens(5));
}

TEST(ClosedLoop, MoreUsersThanRequestsAskOnceEach) {
  ClosedLoopSource source(lone_requests(numbered(3)), 1000, kNoThinking, 0, {});
  EXPECT_EQ(drain(source).size(), 3U);
}

TEST(ClosedLoop, ExponentialThinkTimesHaveTheirMean) {
  ClosedLoopSource source(lone_requests(numbered(5000)), 1, {.mean = 2s, .exponential = true}, 3,
                          {});
  Time now{};
  while (source.next_arrival() != kNever) {
    now = source.next_arrival();
    source.ended(source.pop(), now);  // answers take no time: what passes is thought
  }
  EXPECT_NEAR(seconds(now.time_since_epoch()).count() / 4999, 2, 5 * 2 / std::sqrt(4999));
}

TEST(ClosedLoop, NeverMoreOpenRequestsThanUsers) {
  ClosedLoopSource source(lone_requests(numbered(500)), 7, {.mean = 1s, .exponential = true}, 1,
                          {});
  RandomStream random(1, "ends");
  std::vector<Request> open;
  std::size_t popped = 0;
  Time now{};
  while (popped < 500 || !open.empty()) {
    while (source.next_arrival() <= now) {
      open.push_back(source.pop());
      EXPECT_EQ(open.back().id, RequestId(popped++));
      ASSERT_LE(open.size(), 7U);
    }
    if (!open.empty() && (random.below(2) == 0 || source.next_arrival() == kNever)) {
      const std::size_t k = random.below(open.size());
      source.ended(open[k], now);
      open.erase(open.begin() + static_cast<std::ptrdiff_t>(k));
    } else if (source.next_arrival() != kNever) {
      now = source.next_arrival();
    }
  }
  EXPECT_EQ(source.next_arrival(), kNever);
}

TEST(ClosedLoop, GroupingBringsTurnsTogether) {
  std::vector<Request> turns = numbered(5);
  const std::uint64_t sessions[] = {0, 1, 0, 3, 1};
  for (std::size_t i = 0; i < 5; ++i) turns[i].session = SessionId(sessions[i]);
  const auto requests = drain(*grouped(std::make_unique<ListStream>(turns)));
  std::vector<std::int64_t> inputs;
  for (const Request& request : requests) inputs.push_back(request.input.count());
  EXPECT_EQ(inputs, (std::vector<std::int64_t>{1, 3, 2, 5, 4}));
}

TEST(OpenLoop, HandsOutItsStreamAndIgnoresEnds) {
  OpenLoopSource source(lone_requests({request_at(0), request_at(1)}), {});
  const Request first = source.pop();
  source.ended(first, Time(100s));
  EXPECT_EQ(source.next_arrival(), Time(1s));
  EXPECT_EQ(source.pop().id, RequestId(1));
  EXPECT_EQ(source.next_arrival(), kNever);
  EXPECT_THROW(source.pop(), std::logic_error);
}

}  // namespace
}  // namespace inferbench
