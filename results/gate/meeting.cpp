#include "results/gate/meeting.hpp"

#include <algorithm>
#include <cmath>

namespace inferbench {
namespace {

constexpr std::size_t kSlicesOfLongRuns = 3;
constexpr double kLongRun = 10;  // slices that a single run fills
constexpr std::int64_t kMostRuns = 1'000'000;

std::string of_series(const std::string& side, const std::string& series) {
  return series.empty() ? side : side + ", " + series;
}

template <class Action>
auto named(const std::string& side, const std::string& series, const Action& action) {
  try {
    return action();
  } catch (const WorkerFailure& failure) {
    throw WorkerFailure(of_series(side, series) + ": " + failure.what());
  }
}

WorkerHello without_series(WorkerHello hello) {
  hello.series.clear();
  return hello;
}

void compare_builds(GateComparison& comparison) {
  const WorkerHello &a = comparison.baseline, &b = comparison.candidate;
  if (a.suite != b.suite) {
    comparison.invalid.push_back("the baseline runs suite " + a.suite + ", the candidate " +
                                 b.suite);
  }
  if (a.build_type != b.build_type) {
    comparison.invalid.push_back("the baseline is a " + a.build_type + " build, the candidate a " +
                                 b.build_type + " one");
  }
  if (a.compiler != b.compiler) {
    comparison.notes.push_back("compilers differ: " + a.compiler + " and " + b.compiler);
  }
  if (a.flags != b.flags) {
    comparison.notes.push_back("compiler flags differ: " + a.flags + " and " + b.flags);
  }
}

// Those of the baseline that the candidate has too; the others are listed.
std::vector<MetSeries> in_common(const WorkerHello& baseline, const WorkerHello& candidate,
                                 GateComparison& comparison) {
  std::vector<MetSeries> common;
  for (std::size_t i = 0; i < baseline.series.size(); ++i) {
    const std::string& name = baseline.series[i];
    const auto other = std::find(candidate.series.begin(), candidate.series.end(), name);
    if (other == candidate.series.end()) {
      comparison.skipped.push_back({name, "the candidate does not have it"});
    } else {
      common.push_back(
          {.name = name,
           .baseline_index = i,
           .candidate_index = static_cast<std::size_t>(other - candidate.series.begin()),
           .flags = {}});
    }
  }
  for (const std::string& name : candidate.series) {
    if (std::find(baseline.series.begin(), baseline.series.end(), name) == baseline.series.end()) {
      comparison.skipped.push_back({name, "the baseline does not have it"});
    }
  }
  if (common.empty()) throw WorkerFailure("the two sides have no series in common");
  return common;
}

// How many runs fill a slice, by the best of three of twice as many until they fill a quarter.
void count_runs(Contender& baseline, const CompareOptions& options, MetSeries& series) {
  const auto slice = static_cast<double>(options.slice.count());
  std::int64_t runs = 1;
  double best = 0;
  for (;; runs *= 2) {
    best = 0;
    for (int repeat = 0; repeat < 3; ++repeat) {
      const auto wall = static_cast<double>(baseline.run(series, runs).wall_ns);
      best = best == 0 ? wall : std::min(best, wall);
    }
    if (best >= slice / 4 || runs >= kMostRuns) break;
  }
  const double fill = static_cast<double>(runs) * slice / best;
  series.runs_per_slice = std::clamp<std::int64_t>(std::llround(fill), 1, kMostRuns);
  const double run = best / static_cast<double>(runs);
  series.slices =
      run > kLongRun * slice ? std::min(options.slices, kSlicesOfLongRuns) : options.slices;
}

void compare_exact(const MetSeries& series, const OpenedSeries& a, const OpenedSeries& b,
                   GateComparison& comparison) {
  for (const auto& [number, value] : a.exact) {
    const std::string name = series.name + "/" + number;
    const auto other = b.exact.find(number);
    if (other == b.exact.end()) {
      comparison.skipped.push_back({name, "the candidate does not tell it"});
    } else {
      comparison.exact.push_back({name, value, other->second});
    }
  }
}

// Whether the series can be timed; says why not.
bool compare_answers(const MetSeries& series, const OpenedSeries& a, const OpenedSeries& b,
                     GateComparison& comparison) {
  for (const auto& [side, opened] : {std::pair{"the baseline", &a}, {"the candidate", &b}}) {
    if (!opened->skipped.empty()) {
      comparison.skipped.push_back({series.name, std::string(side) + ": " + opened->skipped});
      return false;
    }
    if (opened->wrong.empty()) continue;
    comparison.invalid.push_back(series.name + ": results of " + side +
                                 " are wrong: " + opened->wrong);
    return false;
  }
  if (agree(a.answer, b.answer)) return true;
  comparison.invalid.push_back(series.name + ": the two sides compute different results");
  return false;
}

}  // namespace

OpenedSeries Contender::open(const MetSeries& series, bool check) {
  return named(side, series.name, [&] { return worker->open(series.*index, check); });
}

SliceTime Contender::run(const MetSeries& series, std::int64_t times) {
  return named(side, series.name, [&] { return worker->run(series.*index, times); });
}

Contender launch_contender(const std::string& side, std::size_t MetSeries::*index,
                           WorkerSource& source, const WorkerLaunch& launch) {
  return {side, index, named(side, "", [&] { return source.launch(launch); })};
}

std::vector<MetSeries> meet(WorkerSource& baseline, WorkerSource& candidate,
                            const CompareOptions& options, GateComparison& comparison) {
  Contender a = launch_contender("baseline", &MetSeries::baseline_index, baseline, {});
  Contender b = launch_contender("candidate", &MetSeries::candidate_index, candidate, {});
  comparison.baseline = without_series(a.worker->hello());
  comparison.candidate = without_series(b.worker->hello());
  comparison.suite = comparison.baseline.suite;
  compare_builds(comparison);
  std::vector<MetSeries> timed;
  const auto common = in_common(a.worker->hello(), b.worker->hello(), comparison);
  try {
    comparison.baseline_code = named(a.side, "", [&] { return a.worker->code_hash(); });
    comparison.candidate_code = named(b.side, "", [&] { return b.worker->code_hash(); });
    for (MetSeries series : common) {
      if (options.interrupted && options.interrupted()) break;
      const OpenedSeries opened_a = a.open(series, true), opened_b = b.open(series, true);
      if (!compare_answers(series, opened_a, opened_b, comparison)) continue;
      compare_exact(series, opened_a, opened_b, comparison);
      if (opened_a.exact != opened_b.exact) series.flags.emplace_back("work-differs");
      count_runs(a, options, series);
      timed.push_back(std::move(series));
    }
  } catch (const WorkerFailure& failure) {
    comparison.invalid.emplace_back(failure.what());
  }
  return timed;
}

}  // namespace inferbench
