#pragma once

#include <string>
#include <vector>

#include "results/gate/comparison.hpp"

namespace inferbench {

// One series as every table shows it.
struct ComparisonRow {
  SeriesVerdict verdict = SeriesVerdict::inconclusive;
  bool exact = false;
  std::string series, baseline, candidate;  // times with their unit; exact numbers as they are
  std::string change, interval;             // "+7.4 %", "+6.1 to +8.9 %"; empty: not known
  std::size_t blocks = 0;
  std::vector<std::string> flags;
};
// Worst first: regressions, inconclusive ones, improvements, then what passed; each by size.
std::vector<ComparisonRow> comparison_rows(const GateComparison& comparison);

// "x regression": the word with a mark, so that nothing depends on colour.
std::string marked(SeriesVerdict verdict);

// For a console: the verdict's sentence first, then what is not unchanged (all: everything), the
// canary, notes and how to run it again. `command` repeats the comparison; empty: not told.
std::string comparison_text(const GateComparison& comparison, bool all,
                            const std::string& command = "");

// The comparison document, "inferbench.comparison" 1.1.0: everything, with the blocks of each
// series.
std::string comparison_json(const GateComparison& comparison);

// For a pull request's comment or a step's summary: the sentence, regressions, and the rest folded.
// The first line is a marker by which a comment is found again and replaced.
inline constexpr const char* kCommentMarker = "<!-- inferbench-compare -->";
struct MarkdownLimits {
  std::size_t rows = 20;       // of each table
  std::size_t bytes = 60'000;  // GitHub takes 65,536 characters of a comment
};
std::string comparison_markdown(const GateComparison& comparison,
                                const MarkdownLimits& limits = {});
// Of a step's summary, of which GitHub takes 1 MiB.
inline constexpr MarkdownLimits kSummaryLimits{.rows = 10'000, .bytes = 1'000'000};

// One line per series; RFC 4180; times in nanoseconds, changes as parts.
std::string comparison_csv(const GateComparison& comparison);

// JUnit: a suite, a case per series; regressions fail, inconclusive ones are skipped, reasons why
// the comparison is invalid are errors.
std::string comparison_junit(const GateComparison& comparison);

// GitHub's workflow commands: the sentence and the nine worst series, or how many more there are.
std::string comparison_annotations(const GateComparison& comparison);

}  // namespace inferbench
