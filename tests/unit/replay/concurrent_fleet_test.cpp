#include <gtest/gtest.h>

#include <algorithm>

#include "harness/base/error.hpp"
#include "harness/replay/router.hpp"
#include "replay_support.hpp"

namespace inferbench {
namespace {

using namespace std::chrono_literals;
using namespace inferbench::testing_support;

// Steps that run beside each other, told as a clock that knows when they end, but not the fleet.
struct Beside final : Clock {
  Time now() const override { return now_; }
  void elapse(Duration) override {}
  void sleep_until(Time time) override {
    const auto next = std::min_element(ends.begin(), ends.end());
    if (next != ends.end() && *next <= time) {
      now_ = std::max(now_, *next);
      ends.erase(next);
    } else {
      ASSERT_NE(time, kNever);
      now_ = std::max(now_, time);
    }
  }
  std::vector<Time> ends;  // that nobody was told of
  Time now_{};
};

// As TokenCostExecutor, computed meanwhile.
class BesideExecutor final : public Executor {
 public:
  explicit BesideExecutor(Beside& clock) : clock_(clock) {}
  StepResult run(const BatchPlan& plan) override { return cost_.run(plan); }
  bool concurrent() const override { return true; }
  void begin(const BatchPlan& plan) override {
    ASSERT_FALSE(computing_);
    computing_ = true;
    result_ = cost_.run(plan);
    end_ = clock_.now() + result_.timing.elapsed;
    clock_.ends.push_back(end_);
  }
  bool finished() const override { return computing_ && clock_.now() >= end_; }
  StepResult finish() override {
    EXPECT_TRUE(computing_);
    computing_ = false;
    return result_;
  }

 private:
  Beside& clock_;
  TokenCostExecutor cost_;
  StepResult result_;
  Time end_{};
  bool computing_ = false;
};

std::vector<RequestRecord> serve(const std::vector<Request>& asked, std::size_t replicas,
                                 bool beside, std::optional<Time> cut) {
  Beside clock;
  SimulatedClock simulated;
  TokenCostExecutor foreseen;
  std::vector<std::unique_ptr<Scheduler>> schedulers;
  std::vector<std::unique_ptr<Executor>> executors;
  std::vector<FleetMember> members;
  for (std::size_t i = 0; i < replicas; ++i) {
    schedulers.push_back(make_scheduler("in_flight", roomy()));
    executors.push_back(std::make_unique<BesideExecutor>(clock));
    members.push_back({.scheduler = schedulers.back().get(),
                       .executor = beside ? executors.back().get() : &foreseen});
  }
  const auto router = make_router("least_loaded");
  FleetOptions options;
  options.cut = cut;
  Fleet fleet(members, *router, beside ? static_cast<Clock&>(clock) : simulated, options);
  ListSource source(asked);
  RecordList list;
  fleet.serve(source, list);
  return list.take_by_id();
}

// The ends of steps are not foreseen, and nothing else changes: not the replica of any request, not
// the time of any token, with a cut or without.
TEST(ConcurrentFleet, StepsThatEndByThemselvesGiveTheRecordsOfForeseenOnes) {
  for (const std::uint64_t seed : {1U, 2U, 3U}) {
    const auto asked = random_requests(seed, 60, 200, 20, 3ms);
    for (const std::optional<Time> cut : {std::optional<Time>{}, std::optional(Time(70ms))}) {
      const auto want = serve(asked, 3, false, cut), got = serve(asked, 3, true, cut);
      ASSERT_EQ(got.size(), want.size());
      for (std::size_t i = 0; i < got.size(); ++i) {
        EXPECT_EQ(got[i].replica, want[i].replica) << i;
        EXPECT_EQ(got[i].token_times, want[i].token_times) << i;
        EXPECT_EQ(got[i].outcome, want[i].outcome) << i;
        EXPECT_EQ(got[i].ended, want[i].ended) << i;
      }
    }
  }
}

}  // namespace
}  // namespace inferbench
