#include <algorithm>
#include <cmath>

#include "harness/base/text_table.hpp"
#include "results/gate/report/comparison_report.hpp"

namespace inferbench {
namespace {

// Its place in a table: what needs attention first.
int severity(SeriesVerdict verdict) {
  switch (verdict) {
    case SeriesVerdict::regression:
      return 0;
    case SeriesVerdict::inconclusive:
      return 1;
    case SeriesVerdict::improvement:
      return 2;
    case SeriesVerdict::pass:
      break;
  }
  return 3;
}

std::string interval_text(const Interval& interval) {
  std::string low = change_text(interval.low);
  low.resize(low.size() - 2);  // without " %"
  return low + " to " + change_text(interval.high);
}

struct SortedRow {
  ComparisonRow row;
  double size = 0;  // of the change
};

SortedRow row_of(const SeriesResult& series) {
  SortedRow sorted;
  ComparisonRow& row = sorted.row;
  row.verdict = series.verdict;
  row.series = series.name;
  row.blocks = series.blocks.size();
  row.flags = series.flags;
  if (!series.blocks.empty()) {
    row.baseline = human_seconds(series.baseline_ns() * 1e-9);
    row.candidate = human_seconds(series.candidate_ns() * 1e-9);
  }
  if (series.change) {
    sorted.size = std::abs(series.change->change);
    row.change = change_text(series.change->change);
    if (series.change->interval) row.interval = interval_text(*series.change->interval);
  }
  return sorted;
}

SortedRow row_of(const ExactResult& exact) {
  SortedRow sorted;
  ComparisonRow& row = sorted.row;
  row.verdict = exact.verdict();
  row.exact = true;
  row.series = exact.name;
  row.baseline = with_commas(exact.baseline);
  row.candidate = with_commas(exact.candidate);
  if (exact.baseline != 0) {
    const auto before = static_cast<double>(exact.baseline);
    const double change = (static_cast<double>(exact.candidate) - before) / std::abs(before);
    sorted.size = std::abs(change);
    row.change = change_text(change);
  }
  return sorted;
}

}  // namespace

std::vector<ComparisonRow> comparison_rows(const GateComparison& comparison) {
  std::vector<SortedRow> sorted;
  for (const ExactResult& exact : comparison.exact) sorted.push_back(row_of(exact));
  for (const SeriesResult& series : comparison.series) sorted.push_back(row_of(series));
  std::stable_sort(sorted.begin(), sorted.end(), [](const SortedRow& a, const SortedRow& b) {
    const int left = severity(a.row.verdict), right = severity(b.row.verdict);
    return left != right ? left < right : a.size > b.size;
  });
  std::vector<ComparisonRow> rows;
  rows.reserve(sorted.size());
  for (SortedRow& s : sorted) rows.push_back(std::move(s.row));
  return rows;
}

std::string marked(SeriesVerdict verdict) {
  const char* mark = "?";
  if (verdict == SeriesVerdict::regression) mark = "x";
  if (verdict == SeriesVerdict::improvement) mark = "+";
  if (verdict == SeriesVerdict::pass) mark = "=";
  return std::string(mark) + " " + std::string(name(verdict));
}

}  // namespace inferbench
