#include "bench/cli/validate_tables.hpp"

#include <iostream>
#include <memory>

#include "harness/base/output_file.hpp"
#include "harness/kernel_times/validation_report.hpp"

namespace inferbench {
namespace {

std::string table_validation_command(const TableValidationArguments& given) {
  return "inferbench validate --tables " + given.tables + " --seed " + std::to_string(given.seed) +
         " --markdown " + given.markdown;
}

// Before the work: a place that cannot be written is found now.
std::unique_ptr<OutputFile> begin_file(const std::string& path) {
  return path.empty() ? nullptr : std::make_unique<OutputFile>(path);
}

void finish_file(const std::unique_ptr<OutputFile>& file, const std::string& text) {
  if (!file) return;
  file->write(text);
  file->commit();
}

}  // namespace

void validate_tables(const TableValidationArguments& given) {
  const std::vector<KernelTable> tables = open_kernel_tables(given.tables);
  const auto json = begin_file(given.json), markdown = begin_file(given.markdown);
  const KernelValidation validation =
      validate_kernels(tables, {.seed = given.seed, .worst = given.worst});
  finish_file(json, kernel_validation_json(validation));
  finish_file(markdown, kernel_validation_markdown(validation, table_validation_command(given)));
  const bool shown = (!json || !json->is_stdout()) && (!markdown || !markdown->is_stdout());
  if (shown) std::cout << kernel_validation_text(validation);
}

}  // namespace inferbench
