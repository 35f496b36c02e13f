#include "workloads/stages.hpp"

#include "tests/unit/workloads/stream_support.hpp"
#include "workloads/stream_profile.hpp"

namespace inferbench {
namespace {

using namespace std::chrono_literals;

std::vector<double> seconds_of(const std::vector<Request>& requests) {
  std::vector<double> times;
  for (const Request& request : requests) times.push_back(static_cast<double>(ns(request)) / 1e9);
  return times;
}

TEST(Stages, RowsOutOfOrderAreRefusedOrSorted) {
  const std::vector<Request> rows = {request_at(5, 1), request_at(9, 2), request_at(7, 3),
                                     request_at(5, 4)};
  expect_parts(error_of([&] { drain(*checked_order(lone_requests(rows))); }),
               {"list:3", "before", "--sort"});
  const auto in_order = drain(*sorted(lone_requests(rows)));
  EXPECT_EQ(seconds_of(in_order), (std::vector<double>{5, 5, 7, 9}));
  EXPECT_EQ(in_order[0].input, Tokens(1));  // ties stay as in the file
  EXPECT_EQ(in_order[1].input, Tokens(4));
  EXPECT_EQ(in_order[3].id, RequestId(3));
}

TEST(Stages, WindowsAreHalfOpenAndBeginAtZero) {
  const auto requests = drain(*windowed(
      lone_requests({request_at(0), request_at(10), request_at(15), request_at(20)}), 10s, 20s));
  EXPECT_EQ(seconds_of(requests), (std::vector<double>{0, 5}));
  EXPECT_EQ(requests[1].id, RequestId(1));
}

TEST(Stages, RebasingCountsFromTheFirstRow) {
  EXPECT_EQ(seconds_of(drain(*rebased(lone_requests({request_at(7), request_at(9.5)})))),
            (std::vector<double>{0, 2.5}));
}

TEST(Stages, ScalingRoundsEachArrivalOnce) {
  const auto requests =
      drain(*time_scaled(lone_requests({request_at(1), request_at(3)}), 1.0 / 3.0));
  EXPECT_EQ(ns(requests[0]), 333'333'333);
  EXPECT_EQ(ns(requests[1]), 1'000'000'000);
  EXPECT_THROW(drain(*time_scaled(lone_requests({request_at(1e9)}), 1e3)), Error);
}

TEST(Stages, JitterStaysInsideTheQuantumAndKeepsOrder) {
  std::vector<Request> rows;
  for (int stamp = 0; stamp < 100; ++stamp) {
    for (int i = 0; i < 20; ++i) rows.push_back(request_at(3.0 * stamp, stamp + 1));
  }
  const auto requests = drain(*jittered(lone_requests(rows), 3s, 1));
  ASSERT_EQ(requests.size(), rows.size());
  double sum = 0;
  for (std::size_t i = 0; i < requests.size(); ++i) {
    const double offset = static_cast<double>(ns(requests[i])) / 1e9 -
                          3.0 * static_cast<double>(requests[i].input.count() - 1);
    EXPECT_GE(offset, 0);
    EXPECT_LT(offset, 3);
    sum += offset;
    EXPECT_EQ(requests[i].id, RequestId(i));
    if (i > 0) {
      EXPECT_GE(requests[i].arrival, requests[i - 1].arrival);
    }
  }
  EXPECT_NEAR(sum / 2000, 1.5, 0.1);
}

TEST(Stages, JitterNeverReachesTheNextTimestamp) {
  // The gap after 0 s is 1 s although the quantum is 3 s.
  std::vector<Request> rows(50, request_at(0));
  rows.push_back(request_at(1));
  const auto requests = drain(*jittered(lone_requests(rows), 3s, 1));
  EXPECT_LT(ns(requests[49]), 1'000'000'000);
}

TEST(Stages, MaxOutputPolicies) {
  const auto apply = [](MaxOutput policy) {
    return drain(*with_max_output(lone_requests({request_at(0, 10, 5), request_at(1, 10, 80)}),
                                  policy, Tokens(80)));
  };
  EXPECT_EQ(apply({})[0].max_output, Tokens(80));
  const auto oracle = apply({.policy = MaxOutput::Policy::oracle, .tokens = Tokens(0)});
  EXPECT_EQ(oracle[0].max_output, Tokens(5));
  const auto fixed = apply({.policy = MaxOutput::Policy::fixed, .tokens = Tokens(50)});
  EXPECT_EQ(fixed[0].output, Tokens(5));
  EXPECT_EQ(fixed[0].max_output, Tokens(50));
  EXPECT_EQ(fixed[1].output, Tokens(50));  // an answer ends at max_tokens
}

// Conversations a (3 turns) and b (1 turn) begin at 0 s and 10 s; 6 s between turns:
//   a0 0 s, a1 6 s, b0 10 s, a2 12 s
TEST(Stages, TimedTurnsInterleave) {
  std::vector<Request> rows(4);
  for (std::size_t i = 0; i < 4; ++i) {
    rows[i].input = Tokens(static_cast<std::int64_t>(i + 1));
    rows[i].session = SessionId(i < 3 ? 0 : 3);
  }
  const auto requests =
      drain(*timed(std::make_unique<ListStream>(rows),
                   ArrivalProcess(GapFamily::constant, 1, RateProfile::constant(0.1),
                                  RandomStream(0, "arrivals")),
                   ThinkTime{.mean = 6s, .exponential = false}, 0));
  EXPECT_EQ(seconds_of(requests), (std::vector<double>{0, 6, 10, 12}));
  EXPECT_EQ(requests[2].input, Tokens(4));
  EXPECT_EQ(requests[3].session, SessionId(0));
  EXPECT_EQ(requests[3].id, RequestId(3));
}

TEST(StreamProfile, CountsWhatMustBeKnown) {
  const auto stream = lone_requests(
      {request_at(1, 10, 5), request_at(1, 10, 9), request_at(3, 10, 2), request_at(5, 10, 7)});
  const StreamProfile found = profile(*stream, Tokens(6));
  EXPECT_EQ(found.requests, 4U);
  EXPECT_EQ(found.longest_output, Tokens(9));
  EXPECT_EQ(found.cut_outputs, 2U);
  EXPECT_DOUBLE_EQ(found.rate(), 3.0 / 4.0);
  EXPECT_EQ(found.timestamps, 3U);
  EXPECT_FALSE(found.conversations);
  EXPECT_EQ(found.quantum, 0ns);  // 4 requests on 3 timestamps: not two each
}

TEST(StreamProfile, FindsQuantisedTimestamps) {
  std::vector<Request> rows;
  for (const double stamp : {0.0, 2.999, 6.0, 9.0, 18.0}) {
    for (int i = 0; i < 3; ++i) rows.push_back(request_at(stamp));
  }
  EXPECT_EQ(profile(*lone_requests(rows), Tokens(0)).quantum, 3000ms);  // gaps 2.999 3 3.001 9
}

TEST(StreamProfile, FindsConversations) {
  std::vector<Request> rows = {request_at(0), request_at(1), request_at(2)};
  rows[1].session = SessionId(1);
  EXPECT_TRUE(profile(*std::make_unique<ListStream>(rows), Tokens(0)).conversations);
}

}  // namespace
}  // namespace inferbench
