#include "harness/measured/cpu_system.hpp"

#include <gtest/gtest.h>

#include "harness/catalog/catalog.hpp"
#include "harness/measured/wall_clock.hpp"
#include "harness/metrics/step_time.hpp"
#include "harness/metrics/summarize.hpp"
#include "tests/unit/replay/replay_support.hpp"

namespace inferbench {
namespace {

using namespace inferbench::literals;
using namespace inferbench::testing_support;

CpuSetup tiny(const std::string& clock, ServingOptions serving = {},
              const std::string& kernels = "fast") {
  CpuOptions options;
  options.clock = clock;
  options.kernels = kernels;
  serving.max_batch = std::min<std::int64_t>(serving.max_batch, 16);
  return cpu_setup(find_model("tiny-dense-test"), options, serving, 3);
}

struct Ran {
  std::vector<RequestRecord> records;
  ReplicaStats stats;
  std::uint64_t answers = 0;
};

Ran run(const CpuSetup& setup, const std::vector<Request>& asked) {
  CpuSystem system(setup, Tokens(0));
  ListSource source(asked);
  RecordList list;
  system.serve(source, list);
  return {list.take_by_id(), system.stats().front(), system.answers_digest()};
}

// On both clocks every request completes, and parts of steps add up to them.
TEST(CpuSystem, ServesOnBothClocks) {
  const auto asked = requests({{0ms, 20, 5}, {1ms, 40, 3}, {2ms, 8, 1}});
  for (const char* clock : {"simulated", "wall"}) {
    SCOPED_TRACE(clock);
    const Ran ran = run(tiny(clock), asked);
    ASSERT_EQ(ran.records.size(), 3U);
    for (const RequestRecord& record : ran.records) {
      EXPECT_EQ(record.outcome, Outcome::completed);
      EXPECT_GE(record.issued, record.scheduled);
      EXPECT_GE(*record.admitted, record.issued);
      EXPECT_GT(record.token_times.front(), *record.admitted);
    }
    const auto times = step_time_metrics(std::vector<ReplicaStats>{ran.stats});
    ASSERT_EQ(times.size(), 8U);
    double parts = 0;
    for (std::size_t i = 1; i <= 6; ++i) parts += *times[i].value;
    EXPECT_NEAR(*times[0].value, parts, 1e-9);
  }
}

// An hour between two requests takes no time at all.
TEST(CpuSystem, SimulatedArrivalsAreNotWaitedFor) {
  const Ran ran = run(tiny("simulated"), requests({{0ms, 20, 2}, {3'600'000ms, 20, 2}}));
  EXPECT_EQ(ran.records[1].issued, Time(3'600'000ms));
  EXPECT_GT(ran.records[1].ended, Time(3'600'000ms));
}

TEST(CpuSystem, WallClockWaits) {
  WallClock clock;
  clock.sleep_until(Time(3ms));
  EXPECT_GE(clock.now(), Time(3ms));
  const Time before = clock.now();
  clock.elapse(1h);
  clock.sleep_until(Time(1ms));
  EXPECT_LT(clock.now() - before, 1h);
}

// Steps of 30 and of 2,048 tokens, one policy and another, with drafts and without.
TEST(CpuSystem, AnswersDoNotDependOnServingWithInvariantKernels) {
  const auto asked = random_requests(5, 10, 60, 20, 1ms);
  ServingOptions chunked, drafted, static_batch;
  chunked.step_tokens = Tokens(30);
  drafted.speculation = parse_measured_speculation("draft=tiny-dense-test,gamma=3");
  static_batch.scheduler = "static";
  const std::uint64_t want = run(tiny("simulated", {}, "invariant"), asked).answers;
  for (const ServingOptions& serving : {chunked, drafted, static_batch}) {
    EXPECT_EQ(run(tiny("simulated", serving, "invariant"), asked).answers, want);
  }
}

TEST(CpuSystem, RequestsBeyondTheContextAreRejected) {
  const Ran ran = run(tiny("simulated"), requests({{0ms, 120, 20}, {0ms, 10, 2}}));
  EXPECT_EQ(ran.records[0].outcome, Outcome::rejected);
  EXPECT_EQ(ran.records[1].outcome, Outcome::completed);
}

// A request that comes while a step computes waits for it; nobody handed it over late.
class SlowClock final : public Clock {
 public:
  explicit SlowClock(Duration oversleeps = 0ms) : oversleeps_(oversleeps) {}
  Time now() const override { return now_; }
  void elapse(Duration) override {}
  void sleep_until(Time time) override { now_ = std::max(now_, time + oversleeps_); }
  void compute(Duration time) { now_ += time; }

 private:
  Duration oversleeps_;
  Time now_{};
};

class BusyExecutor final : public Executor {
 public:
  explicit BusyExecutor(SlowClock& clock) : clock_(clock) {}
  StepResult run(const BatchPlan&) override {
    clock_.compute(10ms);
    StepResult result;
    result.timing.elapsed = result.timing.stage = 10ms;
    return result;
  }

 private:
  SlowClock& clock_;
};

//   step      1 (0..10)   2 (10..20)
//   r0        token 1     token 2
//   r1        due at 4    token 1
TEST(Engine, OnAWallClockAnArrivalDuringAStepIsIssuedWhenItIsDue) {
  SlowClock clock;
  BusyExecutor executor(clock);
  const auto scheduler = make_scheduler("in_flight", roomy());
  Engine engine(*scheduler, executor, clock);
  ListSource source(requests({{0ms, 5, 2}, {4ms, 5, 1}}));
  RecordList list;
  engine.serve(source, list);
  const auto records = list.take_by_id();
  EXPECT_EQ(records[1].issued, Time(4ms));
  EXPECT_EQ(*records[1].admitted, Time(10ms));
  EXPECT_EQ(records[1].token_times.front(), Time(20ms));
  EXPECT_EQ(records[0].token_times.back(), Time(20ms));
}

// A host that wakes up 5 ms late each time hands every request over 5 ms late, not later and later,
// because deadlines are absolute; and such a run is not valid. Steps take 10 ms.
TEST(Engine, OnAWallClockLatenessIsReportedAndDoesNotAddUp) {
  for (const Duration late : {Duration(5ms), Duration(0ms)}) {
    SlowClock clock(late);
    BusyExecutor executor(clock);
    const auto scheduler = make_scheduler("in_flight", roomy());
    Engine engine(*scheduler, executor, clock);
    std::vector<Ask> asks;
    for (std::int64_t i = 0; i < 20; ++i) asks.push_back({100ms * (i + 1), 5, 1});
    ListSource source(requests(asks));
    RecordList list;
    engine.serve(source, list);
    const auto records = list.take_by_id();
    for (const RequestRecord& record : records) EXPECT_EQ(record.issued - record.scheduled, late);
    const Summary summary = summarize(records, {});
    const auto& reasons = summary.validity.reasons;
    const bool told = std::any_of(reasons.begin(), reasons.end(), [](const ValidityReason& reason) {
      return reason.id == "schedule_lag" && reason.invalidates;
    });
    EXPECT_EQ(told, late > 0ms);
    EXPECT_EQ(summary.validity.valid, late == 0ms);
  }
}

// Which replica answers decides nothing about an answer: the digest is that of one replica.
TEST(CpuSystem, ReplicasGiveTheAnswersOfOne) {
  std::vector<Ask> asks;
  for (int i = 0; i < 12; ++i) asks.push_back({i * 100us, 10 + 3 * i, 6});
  const auto asked = requests(asks);
  CpuOptions options;
  options.kernels = "invariant";
  ServingOptions serving;
  serving.max_batch = 16;
  serving.router = "round_robin";
  const auto setup = [&](const ParallelConfig& parallel, const char* clock) {
    options.parallel = parallel;
    options.clock = clock;
    return cpu_setup(find_model("tiny-dense-test"), options, serving, 3);
  };
  const std::uint64_t want = run(setup({}, "simulated"), asked).answers;
  for (const char* clock : {"simulated", "wall"}) {
    CpuSystem system(setup({.dp = 2}, clock), Tokens(0));
    ListSource source(asked);
    RecordList list;
    system.serve(source, list);
    EXPECT_EQ(system.answers_digest(), want);
    std::size_t i = 0;
    for (const RequestRecord& record : list.take_by_id()) {
      EXPECT_EQ(record.outcome, Outcome::completed);
      EXPECT_EQ(record.replica, static_cast<std::int32_t>(i++ % 2));
      EXPECT_GE(record.issued, record.scheduled);
      EXPECT_GT(record.token_times.front(), *record.admitted);
    }
    EXPECT_EQ(system.stats().size(), 2U);
    EXPECT_GT(system.stats().back().steps, 0U);
  }
  // Replicas of two ranks each sum in another order, both in the same.
  EXPECT_EQ(CpuSystem(setup({.tp = 2, .dp = 2}, "simulated"), Tokens(0)).rank_activity().wire_bytes,
            0U);
}

// Nobody computes for an hour, and nobody waits for it either.
TEST(CpuSystem, TimeWithoutAnyReplicaAtWorkIsSkipped) {
  CpuOptions options;
  options.parallel = {.dp = 2};
  ServingOptions serving;
  serving.max_batch = 16;
  const CpuSetup setup = cpu_setup(find_model("tiny-dense-test"), options, serving, 3);
  CpuSystem system(setup, Tokens(0));
  ListSource source(requests({{0ms, 20, 5}, {1ms, 20, 5}, {1h, 20, 5}}));
  RecordList list;
  system.serve(source, list);
  const auto records = list.take_by_id();
  EXPECT_GE(records[2].issued, Time(1h));
  EXPECT_EQ(records[2].outcome, Outcome::completed);
}

}  // namespace
}  // namespace inferbench
