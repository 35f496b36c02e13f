#pragma once

#include <CLI/CLI.hpp>
#include <memory>
#include <string>

#include "harness/base/output_file.hpp"
#include "results/gate/comparison.hpp"

namespace inferbench {

// Where a comparison is written to, beside the console; empty: not.
struct ComparisonPaths {
  std::string json, markdown, csv, junit;
  bool github = false;
};
void add_comparison_outputs(CLI::App& verb, ComparisonPaths& paths);

// The files asked for, opened before anything is measured.
class ComparisonFiles {
 public:
  explicit ComparisonFiles(const ComparisonPaths& paths);  // throws Error for two on stdout
  void write(const GateComparison& comparison) const;
  bool on_stdout() const { return on_stdout_; }

 private:
  std::unique_ptr<OutputFile> json_, markdown_, csv_, junit_;
  bool github_, on_stdout_ = false;
};

}  // namespace inferbench
