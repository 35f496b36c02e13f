#include "results/gate/calibration.hpp"

#include <algorithm>

#include "harness/base/error.hpp"
#include "harness/stats/mann_whitney.hpp"
#include "harness/stats/percentile.hpp"

namespace inferbench {
namespace {

constexpr int kRepetitions = 9;
constexpr double kUsualLevel = 0.05;
constexpr std::int64_t kComparisonsPerUnchanged = 8;

double median_of(std::vector<double> values) {
  const double middle = 50;
  return percentiles(values, std::span(&middle, 1)).front();
}

// One side's repetitions of every series, in one process.
std::vector<std::vector<double>> repetitions(WorkerSource& source, const GateComparison& comparison,
                                             std::size_t slices) {
  const auto worker = source.launch({});
  const std::vector<std::string>& names = worker->hello().series;
  std::vector<std::vector<double>> times;
  for (const SeriesResult& series : comparison.series) {
    const auto found = std::find(names.begin(), names.end(), series.name);
    ensure(found != names.end(), "a compared series is one of the worker's");
    const auto index = static_cast<std::size_t>(found - names.begin());
    const std::int64_t runs = series.runs_per_slice * static_cast<std::int64_t>(slices);
    worker->open(index, false);
    worker->run(index, series.runs_per_slice);
    std::vector<double>& of_series = times.emplace_back();
    for (int repeat = 0; repeat < kRepetitions; ++repeat) {
      of_series.push_back(static_cast<double>(worker->run(index, runs).wall_ns));
    }
  }
  return times;
}

}  // namespace

CalibrationCell& next_cell(GateCalibration& calibration) {
  ensure(!calibration.cells.empty(), "a calibration has something to try");
  const auto done = [](const CalibrationCell& cell) {
    return cell.slowdown > 0 ? cell.comparisons * kComparisonsPerUnchanged : cell.comparisons;
  };
  return *std::min_element(
      calibration.cells.begin(), calibration.cells.end(),
      [&](const CalibrationCell& a, const CalibrationCell& b) { return done(a) < done(b); });
}

void add_comparison(CalibrationCell& cell, const GateComparison& comparison) {
  ++cell.comparisons;
  cell.elapsed_s += seconds(comparison.noise.elapsed).count();
  if (!comparison.invalid.empty()) {
    ++cell.invalid;
    return;
  }
  bool alarmed = false;
  for (const SeriesResult& series : comparison.series) {
    ++cell.series;
    cell.blocks += static_cast<std::int64_t>(series.blocks.size());
    cell.slower += series.verdict == SeriesVerdict::regression;
    cell.faster += series.verdict == SeriesVerdict::improvement;
    cell.passed += series.verdict == SeriesVerdict::pass;
    cell.open += series.verdict == SeriesVerdict::inconclusive;
    alarmed = alarmed || series.verdict == SeriesVerdict::regression ||
              series.verdict == SeriesVerdict::improvement;
  }
  cell.alarmed += alarmed;
}

void add_unpaired(CalibrationCell& cell, WorkerSource& baseline, WorkerSource& candidate,
                  const GateComparison& comparison, std::size_t slices) {
  const auto before = repetitions(baseline, comparison, slices);
  const auto after = repetitions(candidate, comparison, slices);
  bool alarmed = false;
  for (std::size_t i = 0; i < before.size(); ++i) {
    ++cell.unpaired_series;
    if (mann_whitney_p(before[i], after[i]) >= kUsualLevel) continue;
    alarmed = true;
    ++(median_of(after[i]) > median_of(before[i]) ? cell.unpaired_slower : cell.unpaired_faster);
  }
  ++cell.unpaired_comparisons;
  cell.unpaired_alarmed += alarmed;
}

void check_same_calibration(const GateCalibration& file, const GateCalibration& here,
                            const std::string& place) {
  const auto refuse = [&](const std::string& what) {
    throw Error(place, "is of another " + what, "one file is of one rule, suite and machine",
                "give --report another name");
  };
  const GateRule &a = file.rule, &b = here.rule;
  if (a.margin != b.margin || a.target != b.target || a.alpha != b.alpha || a.beta != b.beta ||
      a.looks != b.looks) {
    refuse("rule");
  }
  if (file.suite != here.suite || file.series != here.series) refuse("suite");
  if (file.clock != here.clock) refuse("clock");
  if (file.cpu != here.cpu) refuse("machine: " + file.cpu);
}

}  // namespace inferbench
