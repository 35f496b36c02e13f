#include "harness/timing/sampler.hpp"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <utility>

#include "harness/base/error.hpp"
#include "harness/base/random.hpp"
#include "harness/stats/percentile.hpp"
#include "harness/stats/visits.hpp"

namespace inferbench {
namespace {

constexpr std::size_t kSettleRuns = 5;
constexpr std::size_t kMostWarmUps = 10'000;
constexpr std::int64_t kFewestOfLaterVisit = 3;

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

std::vector<std::int64_t> visits_of(const TimedSubject& subject) {
  std::vector<std::int64_t> visits;
  visits.reserve(subject.samples.size());
  for (const TimedSample& sample : subject.samples) visits.push_back(sample.visit);
  return visits;
}

// One subject on its way through the rounds.
class Course {
 public:
  explicit Course(Subject subject) : subject_(std::move(subject)) { result_.name = subject_.name; }

  void replace(Subject subject) { subject_ = std::move(subject); }

  // Begins a visit: runs until the latest few are no faster than the few before, or a fifth of the
  // budget is gone.
  void warm_up(Stopwatch& stopwatch, const SamplerOptions& options, Duration budget) {
    allowance_ = spent_ + budget;
    const bool again = visit_++ > 0;
    visit_begin_ = result_.samples.size();
    next_look_ = options.fewest;
    std::vector<double> times;
    double best_before = 0;
    const Duration most = spent_ + budget / 5;
    while (times.size() < kMostWarmUps) {
      times.push_back(sample(stopwatch, 1, 0).wall_ns);
      ++result_.warm_up_runs;
      if (again && spent_ > most) break;
      if (times.size() < kSettleRuns) continue;
      const double latest = *std::min_element(times.end() - kSettleRuns, times.end());
      const bool settled = best_before > 0 && latest >= 0.98 * best_before;
      if (settled || spent_ > most || (options.interrupted && options.interrupted())) break;
      if (times.size() % kSettleRuns == 0) best_before = latest;
    }
    if (subject_.prepare || again) return;
    const double run = std::max(1.0, median_of(times));
    const auto fill = static_cast<double>(options.shortest_sample.count()) / run;
    result_.runs_per_sample = std::max<std::int64_t>(1, static_cast<std::int64_t>(std::ceil(fill)));
  }

  void take(Stopwatch& stopwatch, const SamplerOptions& options, std::int64_t round) {
    result_.samples.push_back(sample(stopwatch, result_.runs_per_sample, round));
    decide(options);
  }

  void reopen() { done_ = settled(); }
  void interrupt() {
    if (!done_) stop(StopReason::interrupted);
  }
  bool done() const { return done_; }
  bool settled() const { return settled_; }

  double relative_width(const SamplerOptions& options) const {
    if (settled_) return 0;
    const double median = median_of(column(result_, field(options)));
    return median > 0 ? interval(options).width() / median : 0;
  }

  TimedSubject result(const SamplerOptions& options) const {
    TimedSubject out = result_;
    if (out.samples.empty()) return out;
    out.median_ns = median_of(column(out, &TimedSample::wall_ns));
    out.cpu_median_ns = median_of(column(out, &TimedSample::cpu_ns));
    out.interval = interval(options);
    const auto preempted = std::count_if(out.samples.begin(), out.samples.end(),
                                         [](const TimedSample& s) { return s.preempted; });
    out.preempted_share = static_cast<double>(preempted) / static_cast<double>(out.samples.size());
    return out;
  }

 private:
  TimedSample sample(Stopwatch& stopwatch, std::int64_t runs, std::int64_t round) {
    // Preparation is not part of a sample, but of what it costs to take one.
    const Duration unprepared = subject_.prepare ? stopwatch.begin().wall : Duration(0);
    if (subject_.prepare) subject_.prepare();
    const Reading begin = stopwatch.begin();
    for (std::int64_t run = 0; run < runs; ++run) subject_.run();
    const Reading end = stopwatch.end();
    spent_ += end.wall - (subject_.prepare ? unprepared : begin.wall);
    const auto per_run = [&](Duration time) {
      return static_cast<double>(time.count()) / static_cast<double>(runs);
    };
    return {.wall_ns = per_run(end.wall - begin.wall),
            .cpu_ns = per_run(end.cpu - begin.cpu),
            .preempted = end.preemptions > begin.preemptions,
            .round = round,
            .visit = visit_};
  }

  static double TimedSample::*field(const SamplerOptions& options) {
    return options.clock == TimedClock::cpu ? &TimedSample::cpu_ns : &TimedSample::wall_ns;
  }

  Interval interval(const SamplerOptions& options) const {
    return visited_median(column(result_, field(options)), visits_of(result_),
                          {.confidence = options.confidence, .seed = options.seed});
  }

  // Do the samples of this visit agree among themselves?
  bool visit_agrees(const SamplerOptions& options) const {
    std::vector<double> here = column(result_, field(options));
    here.erase(here.begin(), here.begin() + static_cast<std::ptrdiff_t>(visit_begin_));
    const double width =
        bootstrap_median(here, {.confidence = options.confidence, .seed = options.seed}).width();
    return width <= options.relative_width * median_of(std::move(here));
  }

  void stop(StopReason reason) {
    result_.stop = reason;
    done_ = true;
    settled_ = reason == StopReason::precise || reason == StopReason::most_samples;
  }

  // The interval is looked at each time the samples have grown by a quarter, so that looking at it
  // costs little and happens seldom enough not to stop at a lucky moment.
  void decide(const SamplerOptions& options) {
    const auto n = static_cast<std::int64_t>(result_.samples.size());
    const auto here = n - static_cast<std::int64_t>(visit_begin_);
    if (n >= options.most) return stop(StopReason::most_samples);
    if (n < options.fewest || here < std::min(options.fewest, kFewestOfLaterVisit)) return;
    if (here >= next_look_) {
      next_look_ = here + std::max<std::int64_t>(1, here / 4);
      if (visit_ >= options.visits) {
        if (relative_width(options) <= options.relative_width) return stop(StopReason::precise);
      } else if (options.relative_width > 0 && visit_agrees(options)) {
        return stop(StopReason::budget);  // what is left of it is for other visits
      }
    }
    const std::int64_t share = (options.most + options.visits - 1) / options.visits;
    if (spent_ >= allowance_ || here >= std::max(options.fewest, share)) stop(StopReason::budget);
  }

  Subject subject_;
  TimedSubject result_;
  Duration spent_{}, allowance_{};
  std::int64_t visit_ = 0, next_look_ = 0;
  std::size_t visit_begin_ = 0;  // index of the first sample of this visit
  bool done_ = false, settled_ = false;
};

void check(const SamplerOptions& options) {
  ensure(options.fewest >= 1 && options.most >= options.fewest, "a subject has a sample");
  ensure(options.visits >= 1, "samples are taken in a visit");
  ensure(options.relative_width >= 0, "a width is not negative");
}

}  // namespace

std::string_view name(StopReason reason) {
  switch (reason) {
    case StopReason::precise:
      return "precise";
    case StopReason::most_samples:
      return "most_samples";
    case StopReason::interrupted:
      return "interrupted";
    case StopReason::budget:
      break;
  }
  return "budget";
}

struct SubjectGroup::State {
  State(Stopwatch& watch, const SamplerOptions& given)
      : stopwatch(watch), options(given), random(given.seed, "rounds") {}

  Stopwatch& stopwatch;
  SamplerOptions options;
  std::vector<Course> courses;
  RandomStream random;
  std::int64_t rounds = 0;

  bool open() const {
    return std::any_of(courses.begin(), courses.end(), [](const Course& c) { return !c.done(); });
  }
  bool interrupted() const { return options.interrupted && options.interrupted(); }

  void warm_up(Duration budget) {
    for (Course& course : courses) {
      course.reopen();
      if (!course.done()) course.warm_up(stopwatch, options, budget);
    }
  }

  void take_round() {
    std::vector<std::size_t> order(courses.size());
    std::iota(order.begin(), order.end(), std::size_t{0});
    for (std::size_t i = order.size(); i > 1; --i) std::swap(order[i - 1], order[random.below(i)]);
    ++rounds;
    for (const std::size_t i : order) {
      if (!courses[i].done()) courses[i].take(stopwatch, options, rounds);
    }
  }
};

SubjectGroup::SubjectGroup(std::vector<Subject> subjects, Stopwatch& stopwatch,
                           const SamplerOptions& options)
    : state_(std::make_unique<State>(stopwatch, options)) {
  check(options);
  state_->courses.reserve(subjects.size());
  for (Subject& subject : subjects) state_->courses.emplace_back(std::move(subject));
}
SubjectGroup::~SubjectGroup() = default;
SubjectGroup::SubjectGroup(SubjectGroup&&) noexcept = default;

void SubjectGroup::sample(Duration budget) {
  state_->warm_up(budget);
  while (state_->open()) {
    state_->take_round();
    if (!state_->interrupted()) continue;
    for (Course& course : state_->courses) course.interrupt();
  }
}

void SubjectGroup::detach() {
  for (Course& course : state_->courses) course.replace({});
}

void SubjectGroup::attach(std::vector<Subject> subjects) {
  ensure(subjects.size() == state_->courses.size(), "a group goes on with the same subjects");
  for (std::size_t i = 0; i < subjects.size(); ++i) {
    state_->courses[i].replace(std::move(subjects[i]));
  }
}

bool SubjectGroup::settled() const {
  const auto& courses = state_->courses;
  return std::all_of(courses.begin(), courses.end(), [](const Course& c) { return c.settled(); });
}

double SubjectGroup::relative_width() const {
  double widest = 0;
  for (const Course& course : state_->courses) {
    widest = std::max(widest, course.relative_width(state_->options));
  }
  return widest;
}

std::vector<TimedSubject> SubjectGroup::results() const {
  std::vector<TimedSubject> timed;
  timed.reserve(state_->courses.size());
  for (const Course& course : state_->courses) timed.push_back(course.result(state_->options));
  return timed;
}

std::vector<TimedSubject> time_subjects(std::span<const Subject> subjects, Stopwatch& stopwatch,
                                        const SamplerOptions& options) {
  SubjectGroup group({subjects.begin(), subjects.end()}, stopwatch, options);
  const auto count = static_cast<Duration::rep>(std::max<std::size_t>(1, subjects.size()));
  const Duration all = options.budget * count, start = stopwatch.begin().wall;
  for (std::int64_t visit = 0; visit < options.visits; ++visit) {
    stopwatch.wait(start + all * visit / options.visits - stopwatch.begin().wall);
    const Duration spent = stopwatch.begin().wall - start;
    const Duration until = all * (visit + 1) / options.visits;
    if (visit > 0 && spent >= all) break;
    group.sample(std::max(Duration(0), until - spent) / count);
    if (group.settled() || (options.interrupted && options.interrupted())) break;
  }
  return group.results();
}

Ratio paired_ratio(const TimedSubject& of, const TimedSubject& over, bool cpu_time) {
  const auto field = cpu_time ? &TimedSample::cpu_ns : &TimedSample::wall_ns;
  // Samples are in the order of their rounds; a subject that is done misses the later ones.
  std::vector<double> logs;
  std::vector<std::int64_t> visits;
  auto other = over.samples.begin();
  for (const TimedSample& sample : of.samples) {
    while (other != over.samples.end() && other->round < sample.round) ++other;
    if (other == over.samples.end()) break;
    if (other->round != sample.round) continue;
    logs.push_back(std::log(sample.*field / (*other).*field));
    visits.push_back(sample.visit);
  }
  ensure(!logs.empty(), "a ratio needs samples of both");
  const Interval interval = visited_median(logs, visits);
  return {.median = std::exp(median_of(logs)),
          .interval = {std::exp(interval.low), std::exp(interval.high), interval.confidence},
          .pairs = logs.size()};
}

}  // namespace inferbench
