#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "harness/base/units.hpp"
#include "harness/stats/bootstrap.hpp"
#include "harness/timing/stopwatch.hpp"

namespace inferbench {

// Something to time.
struct Subject {
  std::string name;
  std::function<void()> run;        // the work; its inputs lie ready
  std::function<void()> prepare{};  // before each sample, not timed: rotate or flush inputs
};

// Which clock decides when enough is known, and is what an interval is of.
enum class TimedClock {
  wall,  // what a user waits
  cpu,   // time on a core: what the work costs on a machine that others use too
};

struct SamplerOptions {
  Duration budget{500'000'000};       // of wall time per subject, warm-up included
  Duration shortest_sample{100'000};  // shorter runs are repeated inside a sample to fill it
  std::int64_t fewest = 11;           // samples of a first visit, whatever the budget says
  std::int64_t most = 1000;           // samples, spread over the visits
  std::int64_t visits = 8;            // over which they are spread before enough is known
  double relative_width = 0.02;       // of the interval around the median at which enough is known
  double confidence = 0.95;
  std::uint64_t seed = 1;  // order of subjects in a round, and the bootstrap
  TimedClock clock = TimedClock::wall;
  std::function<bool()> interrupted{};  // asked after each round; true: end with what there is
};

// One timed stretch of `runs` runs, given per run.
struct TimedSample {
  double wall_ns = 0, cpu_ns = 0;
  bool preempted = false;
  std::int64_t round = 0;  // in which it was taken
  std::int64_t visit = 0;  // from 1
};

enum class StopReason { precise, budget, most_samples, interrupted };
std::string_view name(StopReason reason);

struct TimedSubject {
  std::string name;
  std::vector<TimedSample> samples;  // all of them, in the order they were taken
  std::int64_t runs_per_sample = 1;
  std::int64_t warm_up_runs = 0;
  StopReason stop = StopReason::budget;
  double median_ns = 0;        // of wall time per run
  double cpu_median_ns = 0;    // of CPU time per run
  Interval interval;           // of the median of the clock that the options name: visited_median
  double preempted_share = 0;  // of the samples
};

// Subjects timed against each other, one sample of each per round in an order drawn anew, so that
// whatever the machine is going through meets all of them alike.
//
// Warm-up ends when it has settled: when the latest runs are no faster than those before them.
// `prepare` runs once before each sample, so work that must find cold inputs should be long enough
// to be a sample by itself; with a `prepare`, runs are not repeated inside a sample.
//
// Each call of sample() is a visit: one stretch of time. A visit of a subject ends when its budget
// is spent, when the samples of the visit agree, or when it has its share of the most samples;
// rounds go on until all have ended. A subject is settled when its interval is narrow enough after
// the visits that the options ask for, or when it has the most samples. Nothing is discarded: a
// median does not need it, and preempted samples are counted.
//
// Spread over time, samples see more of the moods of the machine: a spell of load that holds all
// samples of one visit shows only between visits. In between the work may be taken down (detach)
// and set up again (attach).
class SubjectGroup {
 public:
  SubjectGroup(std::vector<Subject> subjects, Stopwatch& stopwatch, const SamplerOptions& options);
  ~SubjectGroup();
  SubjectGroup(SubjectGroup&&) noexcept;
  SubjectGroup& operator=(SubjectGroup&&) = delete;

  // Warms up, then takes rounds; each subject may spend `budget` of wall time in this call.
  void sample(Duration budget);

  void detach();                               // forgets what to run, keeps the samples
  void attach(std::vector<Subject> subjects);  // the same ones, in the same order

  bool settled() const;           // nothing more to learn: each is precise or has the most samples
  double relative_width() const;  // of the widest interval of those that are not settled; else 0
  std::vector<TimedSubject> results() const;  // sampled at least once

 private:
  struct State;
  std::unique_ptr<State> state_;
};

// All visits at once: their starts are spread evenly over the budgets of all subjects together, and
// the time between them is waited for, so that steady work costs little of the core and still meets
// the machine at different times. Ends early where all are settled or the budget is gone.
std::vector<TimedSubject> time_subjects(std::span<const Subject> subjects, Stopwatch& stopwatch,
                                        const SamplerOptions& options = {});

// Geometric middle of the ratios of one subject's samples to another's of the same round, with its
// interval: how many times as long `of` takes as `over`. They share a round.
struct Ratio {
  double median = 0;
  Interval interval;
  std::size_t pairs = 0;
};
Ratio paired_ratio(const TimedSubject& of, const TimedSubject& over, bool cpu_time = false);

}  // namespace inferbench
