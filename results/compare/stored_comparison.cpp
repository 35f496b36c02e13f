#include "results/compare/stored_comparison.hpp"

#include <algorithm>
#include <cmath>
#include <set>

namespace inferbench {
namespace {

// Where a difference makes measured times those of another machine or another kind of build.
const std::set<std::string>& deciding_keys() {
  static const std::set<std::string> keys = {
      "host/cpu",          "host/architecture",   "host/logical_cpus",
      "host/allowed_cpus", "host/physical_cores", "build/build_type",
      "num_cpus",          "library_build_type",  "host/virtual_machine",
      "gpu/0/name"};
  return keys;
}

// Of one run only: never a reason for another number.
bool of_no_matter(const std::string& key) {
  return key.starts_with("host/load_average") || key.starts_with("host/name_hash") ||
         key.starts_with("host/state") || key.starts_with("host/absent");
}

std::string value_at(const std::map<std::string, std::string>& values, const std::string& key) {
  const auto found = values.find(key);
  return found == values.end() ? "" : found->second;
}

std::set<std::string> keys_of(const std::map<std::string, std::string>& a,
                              const std::map<std::string, std::string>& b) {
  std::set<std::string> keys;
  for (const auto* side : {&a, &b}) {
    for (const auto& [key, value] : *side) keys.insert(key);
  }
  return keys;
}

void compare_environments(StoredComparison& comparison) {
  const auto &a = comparison.baseline.environment, &b = comparison.candidate.environment;
  for (const std::string& key : keys_of(a, b)) {
    const std::string before = value_at(a, key), after = value_at(b, key);
    if (of_no_matter(key)) continue;
    if (before == after) {
      comparison.identical.push_back({key, before, after, EnvironmentGrade::identical});
      continue;
    }
    const bool decides = !comparison.exact() && deciding_keys().contains(key);
    comparison.environment.push_back(
        {key, before, after,
         decides ? EnvironmentGrade::incomparable : EnvironmentGrade::informational});
    if (!decides) continue;
    comparison.invalid.push_back(key + " differs: " + (before.empty() ? "not told" : before) +
                                 " and " + (after.empty() ? "not told" : after));
  }
  std::stable_sort(comparison.environment.begin(), comparison.environment.end(),
                   [](const auto& x, const auto& y) { return x.grade > y.grade; });
}

void compare_configurations(StoredComparison& comparison) {
  const auto &a = comparison.baseline.configuration, &b = comparison.candidate.configuration;
  for (const std::string& key : keys_of(a, b)) {
    const std::string before = value_at(a, key), after = value_at(b, key);
    if (before == after) continue;
    comparison.invalid.push_back("the configurations differ in " + key + ": " +
                                 (before.empty() ? "nothing" : before) + " and " +
                                 (after.empty() ? "nothing" : after));
  }
}

SeriesVerdict exact_verdict(const StoredMetric& before, const StoredMetric& after) {
  if (before.value == after.value) return SeriesVerdict::pass;
  const bool larger = after.value > before.value;
  const bool worse = larger == (before.better == Better::lower);
  return worse ? SeriesVerdict::regression : SeriesVerdict::improvement;
}

// Intervals that do not meet, and a change beyond the margin.
std::string suspicion_of(const StoredMetric& before, const StoredMetric& after, double margin) {
  if (!before.interval || !after.interval || before.value <= 0) return "";
  const bool apart =
      after.interval->low > before.interval->high || after.interval->high < before.interval->low;
  if (!apart || std::abs(after.value / before.value - 1) <= margin) return "";
  const bool larger = after.value > before.value;
  return larger == (before.better == Better::lower) ? "slower" : "faster";
}

void compare_metric(const std::string& name, const StoredMetric& before, const StoredMetric& after,
                    StoredComparison& comparison) {
  if (before.unit != after.unit) {
    comparison.invalid.push_back(name + " is in " + before.unit + " and in " + after.unit);
    return;
  }
  if (before.better != after.better) {
    comparison.invalid.push_back(name + " is better in another direction on each side");
    return;
  }
  if (before.better == Better::neither) return;
  StoredChange change{
      .name = name, .unit = before.unit, .baseline = before.value, .candidate = after.value};
  if (before.value != 0) change.change = (after.value - before.value) / std::abs(before.value);
  if (comparison.exact()) {
    change.verdict = exact_verdict(before, after);
  } else {
    change.suspicion = suspicion_of(before, after, comparison.margin);
  }
  comparison.changes.push_back(std::move(change));
}

void compare_metrics(StoredComparison& comparison) {
  const StoredRun &a = comparison.baseline, &b = comparison.candidate;
  for (const auto& [name, before] : a.metrics) {
    const auto after = b.metrics.find(name);
    if (after != b.metrics.end()) {
      compare_metric(name, before, after->second, comparison);
      continue;
    }
    const std::string reason = value_at(b.absent, name);
    comparison.skipped.push_back(
        {name, "the candidate does not have it" + (reason.empty() ? "" : ": " + reason)});
  }
  for (const auto& [name, after] : b.metrics) {
    if (a.metrics.contains(name)) continue;
    const std::string reason = value_at(a.absent, name);
    comparison.skipped.push_back(
        {name, "the baseline does not have it" + (reason.empty() ? "" : ": " + reason)});
  }
  if (comparison.changes.empty() && comparison.invalid.empty()) {
    comparison.invalid.emplace_back("the two files have no series in common");
  }
}

}  // namespace

std::string_view name(EnvironmentGrade grade) {
  switch (grade) {
    case EnvironmentGrade::identical:
      return "identical";
    case EnvironmentGrade::informational:
      return "informational";
    case EnvironmentGrade::incomparable:
      break;
  }
  return "incomparable";
}

StoredComparison compare_stored(StoredRun baseline, StoredRun candidate, double margin) {
  StoredComparison comparison{.baseline = std::move(baseline),
                              .candidate = std::move(candidate),
                              .margin = margin,
                              .environment = {},
                              .identical = {},
                              .changes = {},
                              .skipped = {},
                              .invalid = {}};
  const StoredRun &a = comparison.baseline, &b = comparison.candidate;
  if (a.format != b.format) {
    comparison.invalid.push_back("one is a file of " + a.format + ", the other of " + b.format);
  } else if (a.exact != b.exact) {
    comparison.invalid.emplace_back("one was modelled, the other measured");
  }
  if (!comparison.invalid.empty()) return comparison;
  compare_environments(comparison);
  compare_configurations(comparison);
  compare_metrics(comparison);
  return comparison;
}

GateVerdict verdict(const StoredComparison& comparison) {
  if (!comparison.invalid.empty()) return GateVerdict::invalid;
  const auto any = [&](SeriesVerdict wanted) {
    return std::any_of(comparison.changes.begin(), comparison.changes.end(),
                       [&](const StoredChange& change) { return change.verdict == wanted; });
  };
  if (any(SeriesVerdict::regression)) return GateVerdict::regression;
  return any(SeriesVerdict::inconclusive) ? GateVerdict::inconclusive : GateVerdict::pass;
}

ExitCode exit_code(const StoredComparison& comparison, bool strict) {
  return exit_code(verdict(comparison), strict);
}

}  // namespace inferbench
