#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>

#include "harness/base/text_table.hpp"
#include "results/compare/stored_comparison.hpp"
#include "results/gate/report/comparison_report.hpp"
#include "results/json_numbers.hpp"

namespace inferbench {
namespace {

using Json = nlohmann::ordered_json;

std::size_t count_of(const StoredComparison& comparison, SeriesVerdict verdict) {
  return static_cast<std::size_t>(
      std::count_if(comparison.changes.begin(), comparison.changes.end(),
                    [&](const StoredChange& change) { return change.verdict == verdict; }));
}

std::size_t suspected(const StoredComparison& comparison, const std::string& of) {
  return static_cast<std::size_t>(
      std::count_if(comparison.changes.begin(), comparison.changes.end(),
                    [&](const StoredChange& change) { return change.suspicion == of; }));
}

std::string value_text(double value, const std::string& unit) {
  if (unit == "ns") return human_seconds(value * 1e-9);
  return significant(value, 4) + (unit.empty() || unit == "1" ? "" : " " + unit);
}

// Worst first: regressions, what is to be suspected, then by size.
std::vector<const StoredChange*> sorted(const StoredComparison& comparison, bool all) {
  std::vector<const StoredChange*> list;
  for (const StoredChange& change : comparison.changes) {
    const bool plain = change.verdict == SeriesVerdict::pass ||
                       (change.verdict == SeriesVerdict::inconclusive && change.suspicion.empty());
    if (all || !plain) list.push_back(&change);
  }
  const auto rank = [](const StoredChange& change) {
    if (change.verdict == SeriesVerdict::regression || change.suspicion == "slower") return 0;
    if (change.verdict == SeriesVerdict::improvement || change.suspicion == "faster") return 1;
    return change.verdict == SeriesVerdict::inconclusive ? 2 : 3;
  };
  std::stable_sort(list.begin(), list.end(), [&](const auto* a, const auto* b) {
    if (rank(*a) != rank(*b)) return rank(*a) < rank(*b);
    return std::abs(a->change.value_or(0)) > std::abs(b->change.value_or(0));
  });
  return list;
}

std::string environment_text(const StoredComparison& comparison, bool all) {
  if (comparison.environment.empty() && (!all || comparison.identical.empty())) {
    return "environment: identical, as far as it is told\n";
  }
  TextTable table({"environment", "baseline", "candidate", "means"});
  for (const EnvironmentDifference& difference : comparison.environment) {
    table.add({difference.key, difference.baseline, difference.candidate,
               std::string(name(difference.grade))});
  }
  if (!all) return table.str();
  for (const EnvironmentDifference& same : comparison.identical) {
    table.add({same.key, same.baseline, same.candidate, std::string(name(same.grade))});
  }
  return table.str();
}

}  // namespace

std::string verdict_sentence(const StoredComparison& comparison) {
  if (!comparison.invalid.empty()) return "INVALID: " + comparison.invalid.front();
  const std::string all = std::to_string(comparison.changes.size());
  if (comparison.exact()) {
    const std::size_t worse = count_of(comparison, SeriesVerdict::regression);
    return std::string(worse > 0 ? "REGRESSION: " : "PASS: ") + std::to_string(worse) + " of " +
           all + " modelled numbers are worse, " +
           std::to_string(count_of(comparison, SeriesVerdict::improvement)) + " better, " +
           std::to_string(count_of(comparison, SeriesVerdict::pass)) + " equal; no noise in them";
  }
  return "INCONCLUSIVE: " + all + " measured numbers of two different times; " +
         std::to_string(suspected(comparison, "slower")) + " look slower, " +
         std::to_string(suspected(comparison, "faster")) +
         " faster, but so they may without any "
         "change of the program";
}

std::string stored_comparison_text(const StoredComparison& comparison, bool all) {
  std::string text = verdict_sentence(comparison) + "\n";
  for (std::size_t i = 1; i < comparison.invalid.size(); ++i) {
    text += "         " + comparison.invalid[i] + "\n";
  }
  const auto changes = sorted(comparison, all);
  if (!changes.empty()) {
    TextTable table({"verdict", "series", "baseline", "candidate", "change", "suspect"});
    for (const StoredChange* change : changes) {
      table.add({marked(change->verdict), change->name, value_text(change->baseline, change->unit),
                 value_text(change->candidate, change->unit),
                 change->change ? change_text(*change->change) : "", change->suspicion});
    }
    text += "\n" + table.str();
  }
  if (changes.size() < comparison.changes.size()) {
    text += "\n" + std::to_string(comparison.changes.size() - changes.size()) +
            " more are not shown (--all shows them)\n";
  }
  if (!comparison.changes.empty() || !comparison.environment.empty()) {
    text += "\n" + environment_text(comparison, all);
  }
  for (const SkippedSeries& skipped : comparison.skipped) {
    text += "skip: " + skipped.name + ": " + skipped.reason + "\n";
  }
  if (comparison.exact() || verdict(comparison) == GateVerdict::invalid) return text;
  return text +
         "To know: inferbench compare --baseline OLD_PROGRAM --candidate NEW_PROGRAM runs both in "
         "turns.\n";
}

std::string stored_comparison_json(const StoredComparison& comparison) {
  Json json = {{"schema", "inferbench.stored-comparison"},
               {"version", "1.1.0"},
               {"verdict", name(verdict(comparison))},
               {"sentence", verdict_sentence(comparison)},
               {"format", comparison.baseline.format},
               {"exact", comparison.exact()},
               {"margin", comparison.margin},
               {"invalid", comparison.invalid},
               {"environment", Json::array()},
               {"environment_identical", Json::object()},
               {"series", Json::array()},
               {"skipped", Json::array()}};
  for (const EnvironmentDifference& difference : comparison.environment) {
    json["environment"].push_back({{"key", difference.key},
                                   {"baseline", difference.baseline},
                                   {"candidate", difference.candidate},
                                   {"grade", name(difference.grade)}});
  }
  for (const EnvironmentDifference& same : comparison.identical) {
    json["environment_identical"][same.key] = same.baseline;
  }
  for (const StoredChange& change : comparison.changes) {
    Json entry = {{"name", change.name},
                  {"unit", change.unit},
                  {"verdict", name(change.verdict)},
                  {"baseline", change.baseline},
                  {"candidate", change.candidate}};
    if (change.change) entry["change"] = *change.change;
    if (!change.suspicion.empty()) entry["suspect"] = change.suspicion;
    json["series"].push_back(std::move(entry));
  }
  for (const SkippedSeries& skipped : comparison.skipped) {
    json["skipped"].push_back({{"name", skipped.name}, {"reason", skipped.reason}});
  }
  return with_safe_numbers(json).dump(1) + "\n";
}

}  // namespace inferbench
