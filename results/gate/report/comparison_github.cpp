#include <algorithm>

#include "results/gate/report/comparison_report.hpp"

namespace inferbench {
namespace {

// GitHub shows ten errors and ten warnings of a step and drops the rest.
constexpr std::size_t kMostAnnotations = 10;

// The message of a workflow command: one line, with % as its escape.
std::string command_text(const std::string& text) {
  std::string out;
  for (const char c : text) {
    if (c == '%') {
      out += "%25";
    } else if (c == '\n') {
      out += "%0A";
    } else if (c == '\r') {
      out += "%0D";
    } else {
      out += c;
    }
  }
  return out;
}

std::string annotation(const char* kind, const std::string& message) {
  return "::" + std::string(kind) + " title=inferbench::" + command_text(message) + "\n";
}

std::string row_text(const ComparisonRow& row) {
  return row.series + " " + row.change + " (" + row.baseline + " -> " + row.candidate + ")";
}

// The sentence for all, then the worst one by one; the last says how many were left out.
std::string annotations_of(const char* kind, const std::string& sentence,
                           const std::vector<ComparisonRow>& rows) {
  std::string text = annotation(kind, sentence);
  const std::size_t room = kMostAnnotations - 1;
  const std::size_t shown = rows.size() <= room ? rows.size() : room - 1;
  for (std::size_t i = 0; i < shown; ++i) text += annotation(kind, row_text(rows[i]));
  if (shown < rows.size()) {
    text += annotation(kind, std::to_string(rows.size() - shown) + " more are in the summary");
  }
  return text;
}

}  // namespace

std::string comparison_annotations(const GateComparison& comparison) {
  const GateVerdict of_all = verdict(comparison);
  const std::string sentence = verdict_sentence(comparison);
  if (of_all == GateVerdict::invalid) return annotation("error", sentence);
  std::vector<ComparisonRow> slower, open;
  for (ComparisonRow& row : comparison_rows(comparison)) {
    if (row.verdict == SeriesVerdict::regression) slower.push_back(row);
    if (row.verdict == SeriesVerdict::inconclusive) open.push_back(row);
  }
  if (!slower.empty()) return annotations_of("error", sentence, slower);
  if (!open.empty()) return annotations_of("warning", sentence, open);
  return annotation("notice", sentence);
}

}  // namespace inferbench
