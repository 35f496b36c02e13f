#include "harness/timing/sampler.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "harness/base/random.hpp"

namespace inferbench {
namespace {

using namespace std::chrono_literals;

// A machine whose clock moves when its subjects say so.
class Machine final : public Stopwatch {
 public:
  Reading begin() override { return {now_, now_, preemptions_}; }
  Reading end() override { return {now_, now_, preemptions_}; }
  void wait(Duration time) override { now_ += std::max(Duration(0), time); }
  void work(Duration time) { now_ += time; }
  void preempt() { ++preemptions_; }
  Duration now() const { return now_; }

 private:
  Duration now_{};
  std::int64_t preemptions_ = 0;
};

TEST(Sampler, ASteadySubjectIsPreciseAtOnce) {
  Machine machine;
  const Subject subject{.name = "steady", .run = [&] { machine.work(200us); }};
  const auto timed = time_subjects({&subject, 1}, machine);
  ASSERT_EQ(timed.size(), 1U);
  EXPECT_EQ(timed[0].name, "steady");
  EXPECT_EQ(timed[0].samples.size(), 88U);  // the fewest in each of eight visits
  EXPECT_EQ(timed[0].samples.back().visit, 8);
  EXPECT_EQ(timed[0].runs_per_sample, 1);
  EXPECT_EQ(timed[0].median_ns, 200'000);
  EXPECT_EQ(timed[0].interval.width(), 0);
  EXPECT_EQ(name(timed[0].stop), "precise");
}

// 1 us of work, samples of at least 100 us: a hundred runs each, reported per run.
TEST(Sampler, ShortWorkIsRepeatedInsideASample) {
  Machine machine;
  const Subject subject{.name = "short", .run = [&] { machine.work(1us); }};
  const auto timed = time_subjects({&subject, 1}, machine);
  EXPECT_EQ(timed[0].runs_per_sample, 100);
  EXPECT_EQ(timed[0].median_ns, 1000);
}

TEST(Sampler, PreparedWorkIsRunOncePerSampleAndPreparationIsNotTimed) {
  Machine machine;
  int prepared = 0, ran = 0;
  const Subject subject{.name = "cold",
                        .run = [&] { ++ran, machine.work(1us); },
                        .prepare = [&] { ++prepared, machine.work(1ms); }};
  const auto timed = time_subjects({&subject, 1}, machine);
  EXPECT_EQ(timed[0].runs_per_sample, 1);
  EXPECT_EQ(timed[0].median_ns, 1000);
  EXPECT_EQ(prepared, ran);
}

// Each sample costs 10 ms to prepare and 1 us to take: after a budget of 200 ms there are the
// fewest samples, not the thousands that 200 ms of work alone would be.
TEST(Sampler, PreparationCountsAgainstTheBudget) {
  Machine machine;
  RandomStream random(1, "wild");
  const Subject subject{.name = "flushed",
                        .run = [&] { machine.work(Duration(random.between(500, 5000))); },
                        .prepare = [&] { machine.work(10ms); }};
  const auto timed = time_subjects({&subject, 1}, machine, {.budget = 200ms});
  EXPECT_EQ(timed[0].stop, StopReason::budget);
  EXPECT_LE(timed[0].samples.size(), 20U);
}

// The first runs find cold caches: 10, 9, ... times as long. They are warm-up, not samples.
TEST(Sampler, WarmUpLastsUntilTheWorkHasSettled) {
  Machine machine;
  int run = 0;
  const Subject subject{.name = "settling",
                        .run = [&] { machine.work(100us * std::max(1, 10 - run++)); }};
  const auto timed = time_subjects({&subject, 1}, machine);
  EXPECT_GE(timed[0].warm_up_runs, 10);
  for (const TimedSample& sample : timed[0].samples) EXPECT_EQ(sample.wall_ns, 100'000);
}

TEST(Sampler, StopsWhenTheBudgetIsSpentAndSaysSo) {
  Machine machine;
  RandomStream random(1, "wild");
  const Subject subject{
      .name = "wild", .run = [&] { machine.work(Duration(random.between(1'000'000, 9'000'000))); }};
  const auto timed = time_subjects({&subject, 1}, machine, {.budget = 300ms});
  EXPECT_EQ(timed[0].stop, StopReason::budget);
  EXPECT_GE(machine.now(), 300ms);
  EXPECT_LT(machine.now(), 310ms);
}

TEST(Sampler, TheFewestSamplesAreTakenWhateverTheBudget) {
  Machine machine;
  const Subject subject{.name = "long", .run = [&] { machine.work(10s); }};
  const auto timed = time_subjects({&subject, 1}, machine, {.budget = 1ms});
  EXPECT_EQ(timed[0].samples.size(), 11U);
}

TEST(Sampler, CountsPreemptedSamples) {
  Machine machine;
  int run = 0;
  const Subject subject{.name = "pushed", .run = [&] {
                          machine.work(200us);
                          if (++run % 4 == 0) machine.preempt();
                        }};
  const auto timed =
      time_subjects({&subject, 1}, machine, {.fewest = 100, .most = 100, .relative_width = 0});
  EXPECT_NEAR(timed[0].preempted_share, 0.25, 0.01);
}

// The machine slows down by half during the run. One after the other, the second would look half as
// fast; in turns the ratio stays what it is.
TEST(Sampler, SubjectsInTurnsMeetTheSameMachine) {
  Machine machine;
  const auto cost = [&](Duration base) {
    const double mood = machine.now() < 100ms ? 1.0 : 1.5;
    return Duration(static_cast<Duration::rep>(static_cast<double>(base.count()) * mood));
  };
  const Subject subjects[] = {{.name = "a", .run = [&] { machine.work(cost(1ms)); }},
                              {.name = "b", .run = [&] { machine.work(cost(2ms)); }}};
  const auto timed =
      time_subjects(subjects, machine, {.fewest = 80, .most = 80, .relative_width = 0});
  const Ratio ratio = paired_ratio(timed[1], timed[0]);
  EXPECT_EQ(ratio.pairs, 80U);
  EXPECT_NEAR(ratio.median, 2.0, 1e-9);
  EXPECT_LE(ratio.interval.low, 2.0);
  EXPECT_GE(ratio.interval.high, 2.0);
}

// Over 200 repeats of the same point on a machine with slow spells, the interval covers the
// long-run median in at least nine of ten.
TEST(Sampler, TheIntervalCoversTheLongRunMedian) {
  RandomStream random(7, "spells");
  bool slow = false;
  const auto draw = [&] {
    if (random.uniform() < 0.5) slow = random.uniform() < 0.3;
    return Duration(static_cast<Duration::rep>(1'000'000 + random.exponential(20'000) +
                                               (slow ? random.exponential(150'000) : 0)));
  };
  std::vector<Duration> lasting;
  for (int i = 0; i < 200'000; ++i) lasting.push_back(draw());
  std::nth_element(lasting.begin(), lasting.begin() + 100'000, lasting.end());
  const auto truth = static_cast<double>(lasting[100'000].count());
  int covered = 0;
  for (int repeat = 0; repeat < 200; ++repeat) {
    Machine machine;
    const Subject subject{.name = "point", .run = [&] { machine.work(draw()); }};
    const auto timed = time_subjects({&subject, 1}, machine, {.budget = 150ms});
    covered += timed[0].interval.low <= truth && truth <= timed[0].interval.high;
  }
  EXPECT_GE(covered, 180);
}

// Work of 1 ms on a machine whose mood is a factor that the noise draws, told the time. Of 200
// measurements, ten seconds apart, 40 samples in 8 visits each: the share whose interval holds the
// true median, 1 ms times `median`.
double coverage(Duration budget, double median, const std::function<double(Duration)>& noise) {
  Machine machine;
  const Subject subject{
      .name = "point", .run = [&] {
        machine.work(Duration(static_cast<Duration::rep>(1e6 * noise(machine.now()))));
      }};
  int held = 0;
  constexpr int kRepeats = 200;
  for (int repeat = 0; repeat < kRepeats; ++repeat) {
    const TimedSubject timed =
        time_subjects({&subject, 1}, machine,
                      {.budget = budget, .fewest = 5, .most = 40, .visits = 8, .relative_width = 0})
            .front();
    EXPECT_EQ(timed.samples.size(), 40U);
    held += timed.interval.low <= 1e6 * median && 1e6 * median <= timed.interval.high;
    machine.wait(10s);
  }
  return static_cast<double>(held) / kRepeats;
}

// Half of an exponential lies above ln 2 of its mean.
TEST(Coverage, OfIndependentNoise) {
  RandomStream random(1, "independent");
  const double share =
      coverage(400ms, 1 + 0.1 * std::log(2), [&](Duration) { return 1 + random.exponential(0.1); });
  RecordProperty("share", std::to_string(share));
  EXPECT_GE(share, 0.9);
}

// The mood of a run is mostly that of the run before, down to one sample after another: AR(1).
TEST(Coverage, OfNoiseThatRemembers) {
  for (const double memory : {0.5, 0.9}) {
    RandomStream random(2, "remembers");
    double mood = 0;
    const double share = coverage(400ms, 1, [&](Duration) {
      double shock = -6;  // of twelve uniform ones: nearly normal, of variance 1
      for (int i = 0; i < 12; ++i) shock += random.uniform();
      mood = memory * mood + std::sqrt(1 - memory * memory) * 0.05 * shock;
      return std::exp(mood);
    });
    RecordProperty("share_" + std::to_string(memory), std::to_string(share));
    EXPECT_GE(share, 0.9) << memory;
  }
}

// Spells in which everything takes half as long again, 30 % of the time, of a mean length. Where
// no spell is on, five sevenths of the samples of the fast 70 % lie below the median of all.
class Spells {
 public:
  explicit Spells(Duration mean) : mean_(static_cast<double>(mean.count())) {}
  double operator()(Duration now) {
    while (now >= until_) {
      slow_ = !slow_;
      const double mean = slow_ ? mean_ : mean_ * 7 / 3;
      until_ += Duration(1 + static_cast<Duration::rep>(random_.exponential(mean)));
    }
    return (slow_ ? 1.5 : 1.0) * (1 + random_.exponential(kJitter));
  }
  static double median() { return 1 + kJitter * std::log(3.5); }

 private:
  static constexpr double kJitter = 0.02;
  double mean_;
  bool slow_ = false;
  Duration until_{};
  RandomStream random_{3, "spells"};
};

TEST(Coverage, OfSpellsShorterThanTheMeasurement) {
  for (const Duration mean : {Duration(20ms), Duration(100ms)}) {
    const double share = coverage(400ms, Spells::median(), Spells(mean));
    RecordProperty("share_" + std::to_string(mean.count()), std::to_string(share));
    EXPECT_GE(share, 0.9) << mean.count();
  }
}

// What no interval can do: spells ten times as long as the measurement hold all of it. The same
// number of samples spread over more time meets them.
TEST(Coverage, OfSpellsThatOutlastTheMeasurementNeedsMoreTime) {
  const double within = coverage(400ms, Spells::median(), Spells(4s));
  const double spread = coverage(16s, Spells::median(), Spells(4s));
  RecordProperty("within", std::to_string(within));
  RecordProperty("spread", std::to_string(spread));
  EXPECT_LT(within, 0.9);
  EXPECT_GE(spread, 0.9);
}

// A machine that warms up over the measurement by a fifth: what counts is its middle.
TEST(Coverage, OfADrift) {
  RandomStream random(4, "drift");
  Duration begin{}, latest{};
  const double share = coverage(400ms, 1.1 * (1 + 0.02 * std::log(2)), [&](Duration now) {
    if (now - latest > 5s) begin = now;
    latest = now;
    const auto since = static_cast<double>((now - begin).count()) / 4e8;
    return (1 + 0.2 * since) * (1 + random.exponential(0.02));
  });
  EXPECT_GE(share, 0.9);
}

TEST(ThreadStopwatch, ShowsTimeThatPasses) {
  ThreadStopwatch stopwatch;
  const Reading begin = stopwatch.begin();
  volatile double sum = 0;
  for (int i = 0; i < 100'000; ++i) sum = sum + std::sqrt(static_cast<double>(i));
  const Reading end = stopwatch.end();
  EXPECT_GT(end.wall, begin.wall);
  EXPECT_GT(end.cpu, begin.cpu);
  EXPECT_GE(end.preemptions, begin.preemptions);
}

// A takes 1 ms and is precise after the fewest samples; B is wild and gets two visits. Its second
// visit is in later rounds, which A has no part in: the ratio is of the rounds they share.
TEST(SubjectGroup, GoesOnLaterWithTheSamplesItHas) {
  Machine machine;
  RandomStream random(1, "wild");
  const auto subjects = [&] {
    return std::vector<Subject>{{.name = "a", .run = [&] { machine.work(1ms); }},
                                {.name = "b", .run = [&] {
                                   machine.work(Duration(random.between(1'000'000, 9'000'000)));
                                 }}};
  };
  SubjectGroup group(subjects(), machine, {.fewest = 5, .visits = 1});
  group.sample(100ms);
  const std::vector<TimedSubject> first = group.results();
  EXPECT_EQ(first[0].samples.size(), 5U);
  EXPECT_EQ(first[0].stop, StopReason::precise);
  EXPECT_EQ(first[1].stop, StopReason::budget);
  EXPECT_FALSE(group.settled());
  EXPECT_GT(group.relative_width(), 0.02);

  group.detach();
  group.attach(subjects());
  group.sample(100ms);
  const std::vector<TimedSubject> second = group.results();
  EXPECT_EQ(second[0].samples.size(), 5U);  // settled: not sampled again
  ASSERT_GT(second[1].samples.size(), first[1].samples.size());
  for (std::size_t i = 0; i < first[1].samples.size(); ++i) {
    EXPECT_EQ(second[1].samples[i].wall_ns, first[1].samples[i].wall_ns);
  }
  EXPECT_GT(second[1].samples.back().round, first[1].samples.back().round);
  EXPECT_EQ(paired_ratio(second[1], second[0]).pairs, 5U);
}

TEST(SubjectGroup, AnInterruptEndsTheRoundAndKeepsWhatThereIs) {
  Machine machine;
  int ran = 0;
  const Subject subject{.name = "long", .run = [&] { ++ran, machine.work(1s); }};
  SamplerOptions options;
  options.interrupted = [&] { return ran >= 7; };
  SubjectGroup group({subject}, machine, options);
  group.sample(1h);
  const TimedSubject timed = group.results().front();
  EXPECT_EQ(timed.stop, StopReason::interrupted);
  EXPECT_EQ(timed.samples.size(), static_cast<std::size_t>(ran - timed.warm_up_runs));
  EXPECT_FALSE(group.settled());
}

// The clock on the wall is wild, the time on the core is not: by the CPU clock it is precise at
// once.
TEST(SubjectGroup, DecidesByTheClockItIsTold) {
  class Busy final : public Stopwatch {
   public:
    Reading begin() override { return {wall_, cpu_, 0}; }
    Reading end() override { return {wall_, cpu_, 0}; }
    void wait(Duration time) override { wall_ += std::max(Duration(0), time); }
    Duration wall_{}, cpu_{};
  } machine;
  RandomStream random(1, "busy");
  const Subject subject{.name = "busy", .run = [&] {
                          machine.cpu_ += 1ms;
                          machine.wall_ += Duration(random.between(1'000'000, 9'000'000));
                        }};
  const auto timed =
      time_subjects({&subject, 1}, machine, {.budget = 2s, .clock = TimedClock::cpu}).front();
  EXPECT_EQ(timed.stop, StopReason::precise);
  EXPECT_EQ(timed.interval.low, 1'000'000);
  EXPECT_EQ(timed.interval.high, 1'000'000);
}

}  // namespace
}  // namespace inferbench
