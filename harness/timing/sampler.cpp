#include "harness/timing/sampler.hpp"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <utility>

#include "harness/base/error.hpp"
#include "harness/base/random.hpp"
#include "harness/stats/percentile.hpp"

namespace inferbench {
namespace {

constexpr std::size_t kSettleRuns = 5;
constexpr std::int64_t kMostWarmUps = 10'000;

double median_of(std::vector<double> values) {
  const double middle = 50;
  return percentiles(values, std::span(&middle, 1)).front();
}

template <class Field>
std::vector<double> column(const TimedSubject& subject, Field field) {
  std::vector<double> values;
  values.reserve(subject.samples.size());
  for (const TimedSample& sample : subject.samples) values.push_back(sample.*field);
  return values;
}

// One subject on its way through the rounds.
class Course {
 public:
  Course(const Subject& subject, Stopwatch& stopwatch, const SamplerOptions& options)
      : subject_(subject), stopwatch_(stopwatch), options_(options) {
    result_.name = subject.name;
  }

  // Runs until the latest few are no faster than the few before, or a fifth of the budget is gone.
  void warm_up() {
    std::vector<double> times;
    double best_before = 0;
    while (result_.warm_up_runs < kMostWarmUps) {
      times.push_back(sample(1).wall_ns);
      ++result_.warm_up_runs;
      if (times.size() < kSettleRuns) continue;
      const double latest = *std::min_element(times.end() - kSettleRuns, times.end());
      const bool settled = best_before > 0 && latest >= 0.98 * best_before;
      if (settled || spent_ > options_.budget / 5) break;
      if (times.size() % kSettleRuns == 0) best_before = latest;
    }
    if (subject_.prepare || times.empty()) return;
    const double run = std::max(1.0, median_of(times));
    const auto fill = static_cast<double>(options_.shortest_sample.count()) / run;
    result_.runs_per_sample = std::max<std::int64_t>(1, static_cast<std::int64_t>(std::ceil(fill)));
  }

  void take() {
    result_.samples.push_back(sample(result_.runs_per_sample));
    decide();
  }
  bool done() const { return done_; }

  TimedSubject finish() {
    result_.median_ns = median_of(column(result_, &TimedSample::wall_ns));
    result_.cpu_median_ns = median_of(column(result_, &TimedSample::cpu_ns));
    result_.interval = interval();
    const auto preempted = std::count_if(result_.samples.begin(), result_.samples.end(),
                                         [](const TimedSample& s) { return s.preempted; });
    result_.preempted_share =
        static_cast<double>(preempted) / static_cast<double>(result_.samples.size());
    return std::move(result_);
  }

 private:
  TimedSample sample(std::int64_t runs) {
    if (subject_.prepare) subject_.prepare();
    const Reading begin = stopwatch_.begin();
    for (std::int64_t run = 0; run < runs; ++run) subject_.run();
    const Reading end = stopwatch_.end();
    spent_ += end.wall - begin.wall;
    const auto per_run = [&](Duration time) {
      return static_cast<double>(time.count()) / static_cast<double>(runs);
    };
    return {.wall_ns = per_run(end.wall - begin.wall),
            .cpu_ns = per_run(end.cpu - begin.cpu),
            .preempted = end.preemptions > begin.preemptions};
  }

  Interval interval() const {
    const std::vector<double> wall = column(result_, &TimedSample::wall_ns);
    return bootstrap_median(wall, {.confidence = options_.confidence, .seed = options_.seed});
  }

  // The interval is looked at each time the samples have grown by a quarter, so that looking at it
  // costs little and happens seldom enough not to stop at a lucky moment.
  void decide() {
    const auto n = static_cast<std::int64_t>(result_.samples.size());
    if (n < options_.fewest) return;
    const auto stop = [&](StopReason reason) {
      result_.stop = reason;
      done_ = true;
    };
    if (n >= options_.most) return stop(StopReason::most_samples);
    if (n >= next_look_) {
      next_look_ = n + std::max<std::int64_t>(1, n / 4);
      const double median = median_of(column(result_, &TimedSample::wall_ns));
      if (interval().width() <= options_.relative_width * median) return stop(StopReason::precise);
    }
    if (spent_ >= options_.budget) stop(StopReason::budget);
  }

  const Subject& subject_;
  Stopwatch& stopwatch_;
  const SamplerOptions& options_;
  TimedSubject result_;
  Duration spent_{};
  std::int64_t next_look_ = 0;
  bool done_ = false;
};

void check(const SamplerOptions& options) {
  ensure(options.fewest >= 1 && options.most >= options.fewest, "a subject has a sample");
  ensure(options.relative_width >= 0, "a width is not negative");
}

}  // namespace

std::string_view name(StopReason reason) {
  switch (reason) {
    case StopReason::precise:
      return "precise";
    case StopReason::most_samples:
      return "most_samples";
    case StopReason::budget:
      break;
  }
  return "budget";
}

std::vector<TimedSubject> time_subjects(std::span<const Subject> subjects, Stopwatch& stopwatch,
                                        const SamplerOptions& options) {
  check(options);
  std::vector<Course> courses;
  courses.reserve(subjects.size());
  for (const Subject& subject : subjects) courses.emplace_back(subject, stopwatch, options);
  for (Course& course : courses) course.warm_up();

  RandomStream random(options.seed, "rounds");
  std::vector<std::size_t> order(subjects.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  const auto open = [&] {
    return std::any_of(courses.begin(), courses.end(), [](const Course& c) { return !c.done(); });
  };
  while (open()) {
    for (std::size_t i = order.size(); i > 1; --i) std::swap(order[i - 1], order[random.below(i)]);
    for (const std::size_t i : order) {
      if (!courses[i].done()) courses[i].take();
    }
  }
  std::vector<TimedSubject> timed;
  timed.reserve(courses.size());
  for (Course& course : courses) timed.push_back(course.finish());
  return timed;
}

Ratio paired_ratio(const TimedSubject& of, const TimedSubject& over, bool cpu_time) {
  const auto field = cpu_time ? &TimedSample::cpu_ns : &TimedSample::wall_ns;
  const std::size_t pairs = std::min(of.samples.size(), over.samples.size());
  ensure(pairs >= 1, "a ratio needs samples of both");
  std::vector<double> logs;
  for (std::size_t i = 0; i < pairs; ++i) {
    logs.push_back(std::log(of.samples[i].*field / over.samples[i].*field));
  }
  const Interval interval = bootstrap_median(logs);
  return {.median = std::exp(median_of(logs)),
          .interval = {std::exp(interval.low), std::exp(interval.high), interval.confidence},
          .pairs = pairs};
}

}  // namespace inferbench
