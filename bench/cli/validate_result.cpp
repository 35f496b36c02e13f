#include <CLI/CLI.hpp>
#include <algorithm>
#include <filesystem>
#include <iostream>
#include <iterator>
#include <memory>
#include <nlohmann/json.hpp>

#include "bench/cli/verbs.hpp"
#include "harness/base/output_file.hpp"
#include "results/request_records.hpp"
#include "results/run_result.hpp"
#include "results/validate.hpp"

namespace inferbench {
namespace {

struct Checked {
  std::string file;
  std::string what;  // "replay, modelled, 300 requests"
  std::vector<std::string> notes;
  std::vector<Violation> violations;
};

bool is_records_file(const std::string& text) {
  return text.substr(0, text.find('\n')).find(kRecordsSchema) != std::string::npos;
}

void check_records_file(Checked& checked) {
  std::uint64_t requests = 0;
  for_each_record(checked.file, [&](const RequestRecord&) { ++requests; });
  checked.what = "request records, " + std::to_string(requests) + " requests";
}

// The records beside a result are the ones it was made from.
void check_records_of(const RunResult& result, Checked& checked) {
  if (!result.records || result.provenance.records_file.empty()) return;
  const std::filesystem::path beside =
      std::filesystem::path(checked.file).parent_path() / result.provenance.records_file;
  if (!std::filesystem::exists(beside)) {
    checked.notes.push_back(beside.string() + " is not there: its records were not checked");
    return;
  }
  if (sha256_of_file(beside.string()) != result.records->sha256) {
    checked.violations.push_back(
        {"/records/sha256", "differs from that of " + beside.string() + ": other records"});
    return;
  }
  std::uint64_t requests = 0;
  for_each_record(beside.string(), [&](const RequestRecord&) { ++requests; });
  if (requests != result.records->requests) {
    checked.violations.push_back(
        {"/records/requests", beside.string() + " holds " + std::to_string(requests)});
  }
}

void check_result(const std::string& text, Checked& checked) {
  checked.violations = validate_run_result(text);
  if (!checked.violations.empty()) return;
  const RunResult result = parse_run_result(text, checked.file);
  checked.what = std::string(name(result.kind)) + ", " + std::string(name(result.method));
  if (result.summary) {
    checked.what += ", " + std::to_string(result.summary->outcomes.requests) + " requests";
  }
  if (!result.points.empty()) {
    checked.what += ", " + std::to_string(result.points.json().size()) + " points";
  }
  if (result.kind == RunKind::kernels) {
    checked.what += ", " + std::to_string(result.rows.size()) + " rows";
  }
  if (!result.validity.valid) checked.notes.emplace_back("the run itself is INVALID");
  check_records_of(result, checked);
}

void check_comparison(const std::string& text, Checked& checked) {
  checked.violations = validate_comparison(text);
  if (!checked.violations.empty()) return;
  const auto document = nlohmann::json::parse(text);
  checked.what = "comparison, " + document["verdict"].get<std::string>() + ", " +
                 std::to_string(document["series"].size()) + " series";
}

std::string read_stdin() {
  return {std::istreambuf_iterator<char>(std::cin), std::istreambuf_iterator<char>()};
}

// What cannot be read is a violation too, so that the other files are still looked at.
Checked check(const std::string& file) {
  Checked checked;
  checked.file = file;
  try {
    const std::string text = file == "-" ? read_stdin() : read_file(file);
    if (is_records_file(text)) {
      if (file == "-") throw Error("-", "holds request records", "these are read from a file");
      check_records_file(checked);
    } else if (is_comparison(text)) {
      check_comparison(text, checked);
    } else {
      check_result(text, checked);
    }
  } catch (const Error& error) {
    checked.violations.push_back({"", error.what()});
  }
  return checked;
}

// A file that is wrong throughout would bury the terminal; --json has everything.
constexpr std::size_t kMostPrinted = 50;

void print(const Checked& checked) {
  if (checked.violations.empty()) {
    std::cout << checked.file << ": good (" << checked.what << ")\n";
  } else {
    std::cout << checked.file << ": " << checked.violations.size()
              << (checked.violations.size() == 1 ? " violation\n" : " violations\n");
  }
  const std::size_t printed = std::min(checked.violations.size(), kMostPrinted);
  for (std::size_t i = 0; i < printed; ++i) {
    const Violation& violation = checked.violations[i];
    std::cout << "  " << (violation.pointer.empty() ? "" : violation.pointer + ": ")
              << violation.problem << "\n";
  }
  if (printed < checked.violations.size()) {
    std::cout << "  and " << checked.violations.size() - printed << " more; --json lists all\n";
  }
  for (const std::string& note : checked.notes) std::cout << "  note: " << note << "\n";
}

nlohmann::ordered_json to_json(const Checked& checked) {
  nlohmann::ordered_json violations = nlohmann::ordered_json::array();
  for (const Violation& violation : checked.violations) {
    violations.push_back({{"pointer", violation.pointer}, {"problem", violation.problem}});
  }
  return {{"file", checked.file},
          {"good", checked.violations.empty()},
          {"what", checked.what},
          {"violations", violations},
          {"notes", checked.notes}};
}

struct ValidateArguments {
  std::vector<std::string> files;
  bool json = false;
  bool schema = false;
  std::string schema_of;
};

void validate(const ValidateArguments& options, VerbContext& context) {
  if (options.schema || !options.schema_of.empty()) {
    std::cout << schema_text(options.schema_of.empty() ? "run_result" : options.schema_of);
    return;
  }
  if (options.files.empty()) {
    throw Error("inferbench validate-result", "no FILE given", "name one result or more");
  }
  nlohmann::ordered_json report = nlohmann::ordered_json::array();
  for (const std::string& file : options.files) {
    const Checked checked = check(file);
    if (!checked.violations.empty()) context.exit_code = ExitCode::bad_input;
    if (options.json) {
      report.push_back(to_json(checked));
    } else {
      print(checked);
    }
  }
  if (options.json) {
    std::cout << report.dump(2, ' ', false, nlohmann::ordered_json::error_handler_t::replace)
              << "\n";
  }
}

}  // namespace

void add_validate_result_verb(CLI::App& program, VerbContext& context) {
  const auto options = std::make_shared<ValidateArguments>();
  CLI::App* verb = program.add_subcommand(
      "validate-result", "Check result files against the schema and the rules behind it");
  verb->add_option(
      "FILE", options->files,
      "Result files or comparisons (JSON), request records (JSONL); - is a result on stdin");
  verb->add_flag("--json", options->json, "Report as JSON");
  verb->add_flag("--schema", options->schema, "Print the JSON Schema of result files and stop");
  verb->add_option("--schema-of", options->schema_of,
                   "Print a JSON Schema and stop: run_result, comparison or stored_comparison");
  verb->callback([options, &context] { validate(*options, context); });
}

}  // namespace inferbench
