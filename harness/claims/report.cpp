#include "harness/claims/report.hpp"

#include <algorithm>
#include <array>

#include "harness/base/text_table.hpp"

namespace inferbench {
namespace {

constexpr std::array<Label, 6> kLabels = {Label::reproduces,     Label::under_assumptions,
                                          Label::direction_only, Label::does_not,
                                          Label::not_run,        Label::recorded_only};
constexpr std::size_t kIdColumn = 11, kLabelColumn = 26;

std::string padded(std::string text, std::size_t width) {
  if (text.size() < width) text.append(width - text.size(), ' ');
  return text;
}

// Lines of at most `width` columns, broken at spaces.
std::vector<std::string> wrapped(const std::string& text, std::size_t width) {
  std::vector<std::string> lines(1);
  std::size_t from = 0;
  while (from < text.size()) {
    std::size_t to = text.find(' ', from);
    if (to == std::string::npos) to = text.size();
    const std::string word = text.substr(from, to - from);
    if (!lines.back().empty() && lines.back().size() + 1 + word.size() > width)
      lines.emplace_back();
    lines.back() += (lines.back().empty() ? "" : " ") + word;
    from = to + 1;
  }
  return lines;
}

// A label speaks of what ran; "(part)" says that some of the claim did not.
std::string label_text(const ClaimResult& result) {
  std::string text(name(result.label));
  if (!result.scenario.not_covered.empty()) text += " (part)";
  return text;
}

class TextReport {
 public:
  explicit TextReport(const ClaimReportOptions& options)
      : options_(options), width_(std::max<std::size_t>(options.width, 60)) {}

  void add(const ClaimResult& result) {
    heading(result.scenario.document);
    const std::string lead =
        padded(result.scenario.name, kIdColumn) + padded(label_text(result), kLabelColumn);
    block(lead, result.scenario.says);
    if (!result.comes_out.empty()) detail("-> " + result.comes_out);
    if (!result.scenario.not_run.empty()) {
      detail("-> " + result.scenario.not_run + "; waits for " + result.scenario.waits_for);
    }
    if (!result.scenario.recorded.empty()) detail("-> " + result.scenario.recorded);
    if (result.label == Label::under_assumptions) {
      for (const std::string& text : result.scenario.assumed.assumptions) detail("if " + text);
    }
    if (!result.scenario.why.empty()) detail("why: " + result.scenario.why);
    for (const NotCovered& part : result.scenario.not_covered) {
      detail("not covered: " + part.part + "; waits for " + part.waits_for);
    }
    if (options_.verbose) evidence(result);
  }

  std::string text() && { return std::move(text_); }

 private:
  void heading(const std::string& document) {
    if (document == document_) return;
    document_ = document;
    text_ += (text_.empty() ? "" : "\n") + document + "\n";
  }

  void block(const std::string& lead, const std::string& text) {
    const auto lines = wrapped(text, width_ - kIdColumn - kLabelColumn);
    for (std::size_t i = 0; i < lines.size(); ++i) {
      text_ += (i == 0 ? lead : std::string(kIdColumn + kLabelColumn, ' ')) + lines[i] + "\n";
    }
  }

  void detail(const std::string& text) { block(std::string(kIdColumn + kLabelColumn, ' '), text); }

  void evidence(const ClaimResult& result) {
    for (std::size_t i = 0; i < result.scenario.runs.size(); ++i) {
      const ScenarioRun& run = result.scenario.runs[i];
      text_ += "  run " + run.name + " = " + run.measure + " " + run.inputs + "\n";
      for (const auto& [number, value] : result.runs.all()[i].second.all()) {
        text_ += "      " + number + " = " + shown(value, 6) + "\n";
      }
    }
    for (const GroupOutcome& group : result.groups) {
      text_ += "  " + group.name + ": " + (group.passed ? "passes" : "fails") + "\n";
      for (const CheckOutcome& check : group.checks) {
        text_ += std::string("      ") + (check.passed ? "ok    " : "FAILS ") + check.quantity +
                 ": wanted " + check.wanted + ", found " + check.found + "\n";
      }
    }
  }

  ClaimReportOptions options_;
  std::size_t width_;
  std::string document_, text_;
};

std::string tally(const std::vector<ClaimResult>& results) {
  std::string text = std::to_string(results.size()) + " claims:";
  const char* separator = " ";
  for (const Label label : kLabels) {
    const auto count = std::count_if(results.begin(), results.end(),
                                     [&](const ClaimResult& r) { return r.label == label; });
    if (count == 0) continue;
    text += separator + std::to_string(count) + " " + std::string(name(label));
    separator = ", ";
  }
  return text + "\n";
}

}  // namespace

std::string claims_text(const std::vector<ClaimResult>& results,
                        const ClaimReportOptions& options) {
  TextReport report(options);
  for (const ClaimResult& result : results) report.add(result);
  return std::move(report).text() + "\n" + tally(results) +
         "All numbers are modelled or counted, none is measured.\n";
}

std::vector<LabelChange> label_changes(const std::vector<ClaimResult>& results,
                                       const std::map<std::string, std::string>& expected) {
  std::vector<LabelChange> changes;
  for (const ClaimResult& result : results) {
    const auto found = expected.find(result.scenario.name);
    const std::string wanted = found == expected.end() ? "" : found->second;
    if (wanted != name(result.label)) {
      changes.push_back({result.scenario.name, wanted, std::string(name(result.label))});
    }
  }
  return changes;
}

std::vector<std::string> broken_pins(const std::vector<ClaimResult>& results) {
  std::vector<std::string> broken;
  for (const ClaimResult& result : results) {
    for (const GroupOutcome& group : result.groups) {
      if (group.name != "pinned") continue;
      for (const CheckOutcome& check : group.checks) {
        if (check.passed) continue;
        broken.push_back(result.scenario.name + ": " + check.quantity + " wanted " + check.wanted +
                         ", found " + check.found);
      }
    }
  }
  return broken;
}

}  // namespace inferbench
