#include "harness/selftest/selftest.hpp"

#include <gtest/gtest.h>

#include "harness/base/error.hpp"
#include "harness/replay/record_sinks.hpp"
#include "harness/selftest/queue_formulas.hpp"
#include "harness/selftest/simple_systems.hpp"

namespace inferbench {
namespace {

SelfTestOptions quick(std::uint64_t seed = 0) {
  return {.seed = seed, .customers = 1'000'000, .null_requests = 1000};
}

TEST(SelfTest, PassesWhateverTheSeed) {
  for (const std::uint64_t seed : {0U, 1U}) {
    for (const SelfCheck& check : run_self_test(quick(seed))) {
      EXPECT_NE(check.outcome, SelfCheckOutcome::fail)
          << check.name << ": expected " << check.expected << ", found " << check.found;
    }
  }
}

TEST(SelfTest, EqualSeedsGiveEqualChecks) {
  const auto small = [](std::uint64_t seed) {
    return SelfTestOptions{.seed = seed, .customers = 20'000, .null_requests = 1000};
  };
  const auto a = run_self_test(small(7), {"queue"}), b = run_self_test(small(7), {"queue"});
  const auto c = run_self_test(small(8), {"queue"});
  ASSERT_EQ(a.size(), b.size());
  for (std::size_t i = 0; i < a.size(); ++i) {
    EXPECT_EQ(a[i].found_value, b[i].found_value);
    EXPECT_NE(a[i].found_value, c[i].found_value);
  }
}

TEST(SelfTest, RunsOnlyTheGroupsNamed) {
  for (const SelfCheck& check : run_self_test(quick(), {"chunk", "window"})) {
    EXPECT_TRUE(check.group == "chunk" || check.group == "window") << check.group;
  }
  EXPECT_THROW(run_self_test(quick(), {"chunks"}), Error);
}

// Too few customers widen the interval: the check fails and does not pass for want of evidence.
TEST(SelfTest, AQueueThatIsTooShortDoesNotPass) {
  SelfTestOptions options = quick();
  options.customers = 60;
  EXPECT_FALSE(passed(run_self_test(options, {"queue"})));
}

// With one server M/M/c is M/M/1: Erlang C is the load, the wait load / (1 - load).
TEST(QueueFormulas, AgreeWhereTheyMeet) {
  for (const double load : {0.1, 0.5, 0.9}) {
    EXPECT_NEAR(erlang_c(1, load), load, 1e-12);
    EXPECT_NEAR(mmc_wait(1, load), pollaczek_khinchine_wait(load, 1), 1e-12);
    EXPECT_NEAR(pollaczek_khinchine_wait(load, 0), pollaczek_khinchine_wait(load, 1) / 2, 1e-12);
  }
}

// Two servers, load 1/2: offered 1 Erlang; B(2) = (1/2) / (1 + 1 + 1/2) = 1/5,
// C = B / (1 - load (1 - B)) = 0.2 / 0.6 = 1/3; wait = C / (2 x 1/2) = 1/3.
TEST(QueueFormulas, ErlangCByHand) {
  EXPECT_NEAR(erlang_c(2, 0.5), 1.0 / 3, 1e-12);
  EXPECT_NEAR(mmc_wait(2, 0.5), 1.0 / 3, 1e-12);
}

// Due at 0, 1 and 2 ms, each served in 5 ms over one connection:
//   r0  0 ..  5    r1  5 .. 10 (due at 1)    r2  10 .. 15 (due at 2)
TEST(ConnectionLimit, RequestsWaitForAConnectionAndKeepWhenTheyWereDue) {
  using namespace std::chrono_literals;
  TimedSource arrivals({Time(0ms), Time(1ms), Time(2ms)});
  ConnectionLimit source(arrivals, 1);
  EXPECT_EQ(source.next_arrival(), Time(0ms));
  const Request first = source.pop();
  EXPECT_EQ(source.next_arrival(), kNever);
  source.ended(first, Time(5ms));
  EXPECT_EQ(source.next_arrival(), Time(1ms));
}

TEST(NullSystem, EndsEveryRequestWhenItIsDue) {
  using namespace std::chrono_literals;
  TimedSource source({Time(0ms), Time(3ms)}, Tokens(4), Tokens(2));
  RecordList list;
  NullSystem().serve(source, list);
  ASSERT_EQ(list.records().size(), 2U);
  EXPECT_EQ(list.records()[1].ended, Time(3ms));
  EXPECT_EQ(list.records()[1].token_times.size(), 2U);
}

}  // namespace
}  // namespace inferbench
