#include "results/gate/compare_programs.hpp"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "harness/base/error.hpp"
#include "harness/base/random.hpp"
#include "results/gate/meeting.hpp"
#include "results/host_info.hpp"
#include "results/utc_now.hpp"

namespace inferbench {
namespace {

constexpr std::size_t kPaddings = 4097;  // 0 to 4,096 bytes

struct PairedBlock {
  GateBlock times;
  std::size_t slices = 0, preempted = 0;  // of both sides
};

// The slices of one series in one block, the two sides in random order each time.
PairedBlock run_slices(Contender& a, Contender& b, const MetSeries& series, TimedClock clock,
                       RandomStream& random) {
  std::vector<double> of_a, of_b;
  PairedBlock block;
  const auto slice = [&](Contender& side, std::vector<double>& times) {
    const SliceTime time = side.run(series, series.runs_per_slice);
    block.preempted += time.preemptions > 0 ? 1 : 0;
    const auto ns = static_cast<double>(clock == TimedClock::cpu ? time.cpu_ns : time.wall_ns);
    times.push_back(ns / static_cast<double>(series.runs_per_slice));
  };
  for (std::size_t pair = 0; pair < series.slices; ++pair) {
    const bool a_first = random.below(2) == 0;
    if (a_first) slice(a, of_a);
    slice(b, of_b);
    if (!a_first) slice(a, of_a);
  }
  block.slices = of_a.size() + of_b.size();
  block.times = {
      .baseline_ns = fastest_half_mean(of_a),
      .candidate_ns = fastest_half_mean(of_b),
      .preempted_share = static_cast<double>(block.preempted) / static_cast<double>(block.slices)};
  return block;
}

// A series on its way through the blocks.
struct GateCourse {
  GateCourse(const MetSeries& met, const GatePlan& plan) : series(&met), test(plan) {}

  const MetSeries* series;
  SeriesTest test;
  std::vector<GateBlock> blocks;

  SeriesResult result() const {
    return {.name = series->name,
            .verdict = test.verdict(),
            .flags = series->flags,
            .runs_per_slice = series->runs_per_slice,
            .slices = series->slices,
            .blocks = blocks,
            .looks = test.looks(),
            .change = test.estimate()};
  }
};

class BlockRunner {
 public:
  BlockRunner(WorkerSource& baseline, WorkerSource& candidate, const std::vector<MetSeries>& series,
              const CompareOptions& options)
      : baseline_(baseline),
        candidate_(candidate),
        options_(options),
        plan_(options.rule, series.size()),
        random_(options.seed, "blocks") {
    for (const MetSeries& met : series) courses_.emplace_back(met, plan_);
    if (options.canary) canary_.emplace(series[random_.below(series.size())], plan_);
  }

  std::size_t open() const {
    return static_cast<std::size_t>(
        std::count_if(courses_.begin(), courses_.end(),
                      [](const GateCourse& course) { return !course.test.decided(); }));
  }

  void block() {
    std::vector<Contender> sides = launch();
    std::vector<GateCourse*> order;
    for (GateCourse& course : courses_) {
      if (!course.test.decided()) order.push_back(&course);
    }
    shuffle(order);
    for (GateCourse* course : order) {
      if (options_.interrupted && options_.interrupted()) return;
      take(*course, sides[0], sides[1]);
    }
    if (sides.size() > 2) take(*canary_, sides[0], sides[2]);
  }

  void report(GateComparison& comparison) const {
    for (const GateCourse& course : courses_) comparison.series.push_back(course.result());
    if (canary_) comparison.canary = canary_->result();
    if (slices_ == 0) return;
    comparison.noise.preempted_share =
        static_cast<double>(preempted_) / static_cast<double>(slices_);
  }

 private:
  // The baseline, the candidate and, while the canary is open, the baseline again.
  std::vector<Contender> launch() {
    const bool canary = canary_ && !canary_->test.decided();
    const auto cpu = static_cast<unsigned>(random_.below(options_.cpus));
    std::vector<std::size_t> order(canary ? 3 : 2);
    std::iota(order.begin(), order.end(), std::size_t{0});
    shuffle(order);
    std::vector<Contender> sides(order.size());
    for (const std::size_t i : order) {
      const WorkerLaunch launch{.cpu = cpu, .padding = random_.below(kPaddings)};
      sides[i] =
          i == 1 ? launch_contender("candidate", &MetSeries::candidate_index, candidate_, launch)
                 : launch_contender(i == 0 ? "baseline" : "baseline's second copy",
                                    &MetSeries::baseline_index, baseline_, launch);
    }
    return sides;
  }

  void take(GateCourse& course, Contender& a, Contender& b) {
    const MetSeries& series = *course.series;
    const bool a_first = random_.below(2) == 0;
    for (Contender* side : {a_first ? &a : &b, a_first ? &b : &a}) {
      side->open(series, false);
      side->run(series, series.runs_per_slice / 2 + 1);
    }
    const PairedBlock block = run_slices(a, b, series, options_.clock, random_);
    slices_ += block.slices, preempted_ += block.preempted;
    course.blocks.push_back(block.times);
    course.test.add(std::log(block.times.candidate_ns / block.times.baseline_ns));
  }

  template <class Items>
  void shuffle(Items& items) {
    for (std::size_t i = items.size(); i > 1; --i) std::swap(items[i - 1], items[random_.below(i)]);
  }

  WorkerSource& baseline_;
  WorkerSource& candidate_;
  const CompareOptions& options_;
  GatePlan plan_;
  RandomStream random_;
  std::vector<GateCourse> courses_;
  std::optional<GateCourse> canary_;
  std::size_t slices_ = 0, preempted_ = 0;
};

bool changed(SeriesVerdict verdict) {
  return verdict == SeriesVerdict::regression || verdict == SeriesVerdict::improvement;
}

// What the machine itself did to equal programs stands against every other verdict.
void judge_canary(GateComparison& comparison) {
  if (!comparison.canary || !changed(comparison.canary->verdict)) return;
  comparison.invalid.push_back("the canary " + comparison.canary->name +
                               " changed although both of its sides are the baseline: " +
                               change_text(comparison.canary->change->change));
}

// Equal machine code cannot have got slower: what was seen is the layout of memory, or noise.
void judge_same_code(const CompareOptions& options, GateComparison& comparison) {
  if (!options.trust_same_code || comparison.baseline_code.empty() ||
      comparison.baseline_code != comparison.candidate_code) {
    return;
  }
  comparison.notes.emplace_back("both programs are the same machine code");
  for (SeriesResult& series : comparison.series) {
    if (!changed(series.verdict)) continue;
    series.verdict = SeriesVerdict::inconclusive;
    series.flags.emplace_back("same-code");
  }
}

void run_blocks(BlockRunner& runner, std::size_t series, const CompareOptions& options,
                Stopwatch& stopwatch, Duration start, GateComparison& comparison) {
  try {
    while (runner.open() > 0 && stopwatch.begin().wall - start < options.budget) {
      if (options.interrupted && options.interrupted()) break;
      runner.block();
      ++comparison.blocks;
      if (options.progress) options.progress({comparison.blocks, series, runner.open()});
    }
  } catch (const WorkerFailure& failure) {
    comparison.invalid.emplace_back(failure.what());
  }
}

}  // namespace

double fastest_half_mean(std::span<const double> slices) {
  ensure(slices.size() >= 2, "a block has at least two slices a side");
  std::vector<double> rest(slices.begin() + 1, slices.end());
  std::sort(rest.begin(), rest.end());
  rest.resize((rest.size() + 1) / 2);
  return std::accumulate(rest.begin(), rest.end(), 0.0) / static_cast<double>(rest.size());
}

GateComparison compare_programs(WorkerSource& baseline, WorkerSource& candidate,
                                const CompareOptions& options, Stopwatch& stopwatch) {
  check_gate_rule(options.rule);
  const Duration start = stopwatch.begin().wall, stolen = stolen_time();
  GateComparison comparison;
  comparison.rule = options.rule;
  comparison.seed = options.seed;
  comparison.clock = options.clock == TimedClock::cpu ? "cpu" : "wall";
  comparison.started_utc = utc_now();
  comparison.host = read_host_info();
  comparison.noise.load_before = comparison.host.load_average;

  const std::vector<MetSeries> series = meet(baseline, candidate, options, comparison);
  if (!series.empty() && comparison.invalid.empty()) {
    BlockRunner runner(baseline, candidate, series, options);
    run_blocks(runner, series.size(), options, stopwatch, start, comparison);
    runner.report(comparison);
  }
  judge_canary(comparison);
  judge_same_code(options, comparison);
  comparison.interrupted = options.interrupted && options.interrupted();
  comparison.noise.elapsed = stopwatch.begin().wall - start;
  comparison.noise.stolen = stolen_time() - stolen;
  comparison.noise.load_after = read_host_info().load_average;
  return comparison;
}

}  // namespace inferbench
