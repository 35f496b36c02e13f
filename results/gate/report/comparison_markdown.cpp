#include <algorithm>

#include "harness/base/text_table.hpp"
#include "results/gate/report/comparison_report.hpp"

namespace inferbench {
namespace {

constexpr const char* kTruncated = "\n\n_The rest does not fit here; the JSON document has it._\n";

// What Markdown or HTML would take for their own; line ends become spaces.
std::string escaped(const std::string& text) {
  std::string out;
  for (const char c : text) {
    if (c == '\n' || c == '\r') {
      out += ' ';
    } else if (c == '<') {
      out += "&lt;";
    } else {
      if (c == '|' || c == '`' || c == '*' || c == '_' || c == '\\') out += '\\';
      out += c;
    }
  }
  return out;
}

std::string table_of(const std::vector<ComparisonRow>& rows, std::size_t most) {
  std::string text =
      "| verdict | series | baseline | candidate | change | interval (95 %) | blocks |\n"
      "| --- | --- | ---: | ---: | ---: | ---: | ---: |\n";
  for (std::size_t i = 0; i < std::min(most, rows.size()); ++i) {
    const ComparisonRow& row = rows[i];
    const std::string flags = row.flags.empty() ? "" : " (" + joined(row.flags) + ")";
    text += "| " + marked(row.verdict) + escaped(flags) + " | " + escaped(row.series) + " | " +
            row.baseline + " | " + row.candidate + " | " + row.change + " | " +
            (row.exact ? "exact" : row.interval) + " | " +
            (row.exact ? "" : std::to_string(row.blocks)) + " |\n";
  }
  if (rows.size() > most) text += "\n" + std::to_string(rows.size() - most) + " more not shown.\n";
  return text;
}

std::string folded(const std::string& title, const std::string& content) {
  return "\n<details><summary>" + title + "</summary>\n\n" + content + "\n</details>\n";
}

std::vector<ComparisonRow> rows_of(const std::vector<ComparisonRow>& rows, SeriesVerdict verdict) {
  std::vector<ComparisonRow> some;
  std::copy_if(rows.begin(), rows.end(), std::back_inserter(some),
               [&](const ComparisonRow& row) { return row.verdict == verdict; });
  return some;
}

std::string list_of(const std::vector<std::string>& lines) {
  std::string text;
  for (const std::string& line : lines) text += "- " + escaped(line) + "\n";
  return text;
}

std::string method_text(const GateComparison& comparison) {
  return "\nMethod: " + std::to_string(comparison.blocks) +
         " blocks, each a new launch of both programs, interleaved in random order; exact "
         "sequential signed-rank test; margin " +
         significant(100 * comparison.rule.margin) + " %, target " +
         significant(100 * comparison.rule.target) + " %, false alarms at most " +
         significant(100 * comparison.rule.alpha) + " % of comparisons; " + comparison.clock +
         " time; seed " + std::to_string(comparison.seed) + ".\n";
}

// Cut at a line's end, so that nothing is left half open but tables.
std::string cut(std::string text, std::size_t most) {
  if (text.size() <= most) return text;
  const std::size_t room = most - std::char_traits<char>::length(kTruncated);
  const std::size_t line = text.rfind('\n', room);
  text.resize(line == std::string::npos ? room : line);
  return text + kTruncated;
}

}  // namespace

std::string comparison_markdown(const GateComparison& comparison, const MarkdownLimits& limits) {
  const std::vector<ComparisonRow> rows = comparison_rows(comparison);
  std::string text =
      std::string(kCommentMarker) + "\n**" + escaped(verdict_sentence(comparison)) + "**\n";
  if (comparison.interrupted) text += "\nInterrupted: what was decided until then.\n";
  if (comparison.invalid.size() > 1) text += "\n" + list_of(comparison.invalid);
  const auto slower = rows_of(rows, SeriesVerdict::regression);
  if (!slower.empty()) text += "\n" + table_of(slower, limits.rows);
  const std::pair<SeriesVerdict, const char*> others[] = {
      {SeriesVerdict::inconclusive, " inconclusive"},
      {SeriesVerdict::improvement, " improved"},
      {SeriesVerdict::pass, " unchanged"},
  };
  for (const auto& [verdict, title] : others) {
    const auto some = rows_of(rows, verdict);
    if (some.empty()) continue;
    text += folded(std::to_string(some.size()) + title, table_of(some, limits.rows));
  }
  std::vector<std::string> notes = comparison.notes;
  for (const SkippedSeries& skipped : comparison.skipped) {
    notes.push_back("skipped " + skipped.name + ": " + skipped.reason);
  }
  if (!notes.empty()) text += folded(std::to_string(notes.size()) + " notes", list_of(notes));
  return cut(text + method_text(comparison), limits.bytes);
}

}  // namespace inferbench
