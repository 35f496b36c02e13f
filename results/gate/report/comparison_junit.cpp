#include "harness/base/text_table.hpp"
#include "results/gate/report/comparison_report.hpp"

namespace inferbench {
namespace {

// For text and attributes; what XML 1.0 cannot hold becomes a question mark.
std::string xml(const std::string& text) {
  std::string out;
  for (const char c : text) {
    switch (c) {
      case '&':
        out += "&amp;";
        break;
      case '<':
        out += "&lt;";
        break;
      case '>':
        out += "&gt;";
        break;
      case '"':
        out += "&quot;";
        break;
      default:
        out += static_cast<unsigned char>(c) < 0x20 && c != '\n' && c != '\t' ? '?' : c;
    }
  }
  return out;
}

// "kernel" of "kernel/gemm/bf16": what test reports group by.
std::string family(const std::string& series) {
  return series.substr(0, series.find('/'));
}

// GitLab shows the body and leaves the attribute out; others do the reverse.
std::string said(const char* element, const std::string& message) {
  return "      <" + std::string(element) + " message=\"" + xml(message) + "\">" + xml(message) +
         "</" + element + ">\n";
}

std::string message_of(const ComparisonRow& row) {
  std::string text = row.series + ": " + row.baseline + " -> " + row.candidate;
  if (!row.change.empty()) text += ", " + row.change;
  if (!row.interval.empty()) text += " (" + row.interval + ")";
  if (!row.flags.empty()) text += ", " + joined(row.flags);
  return text;
}

std::string case_of(const ComparisonRow& row) {
  std::string text = "    <testcase classname=\"" + xml(family(row.series)) + "\" name=\"" +
                     xml(row.series) + "\">\n";
  if (row.verdict == SeriesVerdict::regression) {
    text += said("failure", "regression: " + message_of(row));
  } else if (row.verdict == SeriesVerdict::inconclusive) {
    text += said("skipped", "inconclusive: " + message_of(row));
  }
  return text + "    </testcase>\n";
}

}  // namespace

std::string comparison_junit(const GateComparison& comparison) {
  const std::vector<ComparisonRow> rows = comparison_rows(comparison);
  std::string cases;
  for (const ComparisonRow& row : rows) cases += case_of(row);
  for (const SkippedSeries& skipped : comparison.skipped) {
    cases += "    <testcase classname=\"" + xml(family(skipped.name)) + "\" name=\"" +
             xml(skipped.name) + "\">\n" + said("skipped", skipped.reason) + "    </testcase>\n";
  }
  for (const std::string& reason : comparison.invalid) {
    cases += "    <testcase classname=\"comparison\" name=\"valid\">\n" + said("error", reason) +
             "    </testcase>\n";
  }
  const auto tests = rows.size() + comparison.skipped.size() + comparison.invalid.size();
  const auto skipped = comparison.count(SeriesVerdict::inconclusive) + comparison.skipped.size();
  const std::string counts = " tests=\"" + std::to_string(tests) + "\" failures=\"" +
                             std::to_string(comparison.count(SeriesVerdict::regression)) +
                             "\" errors=\"" + std::to_string(comparison.invalid.size()) +
                             "\" skipped=\"" + std::to_string(skipped) + "\" time=\"" +
                             fixed(seconds(comparison.noise.elapsed).count(), 3) + "\"";
  return "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites" + counts +
         ">\n  <testsuite name=\"inferbench " + xml(comparison.suite) + "\"" + counts + ">\n" +
         cases + "  </testsuite>\n</testsuites>\n";
}

}  // namespace inferbench
