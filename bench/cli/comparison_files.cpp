#include "bench/cli/comparison_files.hpp"

#include <cstdlib>
#include <fstream>
#include <iostream>

#include "harness/base/error.hpp"
#include "results/gate/report/comparison_report.hpp"

namespace inferbench {
namespace {

void write_comparison_file(const std::unique_ptr<OutputFile>& file, const std::string& text) {
  if (!file) return;
  file->write(text);
  file->commit();
}

// The file that GitHub shows below a job; each step adds to it.
void add_step_summary(const GateComparison& comparison) {
  const char* path = std::getenv("GITHUB_STEP_SUMMARY");
  if (path == nullptr || *path == '\0') return;
  std::ofstream(path, std::ios::app) << comparison_markdown(comparison, kSummaryLimits);
}

}  // namespace

void add_comparison_outputs(CLI::App& verb, ComparisonPaths& paths) {
  verb.add_option("--json", paths.json, "write the comparison document; - is stdout");
  verb.add_option("--md", paths.markdown, "write Markdown for a pull request");
  verb.add_option("--csv", paths.csv, "write a line per series");
  verb.add_option("--junit", paths.junit, "write JUnit XML: a case per series");
  verb.add_flag("--github", paths.github,
                "print GitHub's annotations, and add to $GITHUB_STEP_SUMMARY");
}

ComparisonFiles::ComparisonFiles(const ComparisonPaths& paths) : github_(paths.github) {
  const auto open = [&](const std::string& path, std::unique_ptr<OutputFile>& file) {
    if (path.empty()) return;
    if (path == "-" && on_stdout_) {
      throw Error("-", "two outputs to standard output", "one at most", "give one of them a file");
    }
    on_stdout_ = on_stdout_ || path == "-";
    file = std::make_unique<OutputFile>(path);
  };
  open(paths.json, json_);
  open(paths.markdown, markdown_);
  open(paths.csv, csv_);
  open(paths.junit, junit_);
}

void ComparisonFiles::write(const GateComparison& comparison) const {
  write_comparison_file(json_, comparison_json(comparison));
  write_comparison_file(markdown_, comparison_markdown(comparison));
  write_comparison_file(csv_, comparison_csv(comparison));
  write_comparison_file(junit_, comparison_junit(comparison));
  if (!github_) return;
  if (!on_stdout_) std::cout << comparison_annotations(comparison);
  add_step_summary(comparison);
}

}  // namespace inferbench
