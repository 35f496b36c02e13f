#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "harness/base/error.hpp"
#include "results/gate/comparison.hpp"
#include "results/importers/stored_run.hpp"

namespace inferbench {

// What a difference of environment means for the numbers.
enum class EnvironmentGrade {
  identical,      // both say the same
  informational,  // may explain a change
  incomparable,   // measured numbers of the two say nothing about each other
};
std::string_view name(EnvironmentGrade grade);

struct EnvironmentDifference {
  std::string key, baseline, candidate;  // empty: that side does not tell
  EnvironmentGrade grade = EnvironmentGrade::informational;
};

// One metric of two stored runs.
struct StoredChange {
  std::string name, unit;
  double baseline = 0, candidate = 0;
  std::optional<double> change{};  // relative; above 0 is the larger number, not the worse
  SeriesVerdict verdict = SeriesVerdict::inconclusive;
  std::string suspicion{};  // "slower", "faster": intervals lie apart by more than the margin
};

struct StoredComparison {
  StoredRun baseline, candidate;
  double margin = 0.01;
  std::vector<EnvironmentDifference> environment;  // what differs, incomparable ones first
  std::vector<EnvironmentDifference> identical;    // what both say alike
  std::vector<StoredChange> changes;               // of metrics with a direction
  std::vector<SkippedSeries> skipped;
  std::vector<std::string> invalid;  // reasons; empty: the comparison counts

  bool exact() const { return baseline.exact && candidate.exact; }
};

// Compares what two files hold. Modelled numbers of one configuration are compared exactly: worse
// in the metric's direction is a regression. Measured ones were taken at different times, and what
// the machine did meanwhile is in them: they end inconclusive, however far apart, and say at most
// which side to suspect. Different kinds, configurations, units, directions or machines make the
// comparison invalid.
StoredComparison compare_stored(StoredRun baseline, StoredRun candidate, double margin);

GateVerdict verdict(const StoredComparison& comparison);
ExitCode exit_code(const StoredComparison& comparison, bool strict);
std::string verdict_sentence(const StoredComparison& comparison);

std::string stored_comparison_text(const StoredComparison& comparison, bool all);
// The document "inferbench.stored-comparison" 1.1.0.
std::string stored_comparison_json(const StoredComparison& comparison);

}  // namespace inferbench
