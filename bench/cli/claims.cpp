#include <CLI/CLI.hpp>
#include <iostream>
#include <memory>

#include "bench/cli/verbs.hpp"
#include "harness/base/output_file.hpp"
#include "harness/claims/report.hpp"
#include "harness/claims/rows.hpp"

namespace inferbench {
namespace {

struct ClaimsOptions {
  std::vector<std::string> ids;
  std::string json;
  bool verbose = false;
  bool check = false;
  unsigned threads = 0;
};

// True when a label or a pinned number is not what it was.
bool report_changes(const std::vector<ClaimResult>& results) {
  const std::vector<LabelChange> changes = label_changes(results, expected_labels());
  const std::vector<std::string> pins = broken_pins(results);
  for (const LabelChange& change : changes) {
    std::cerr << "changed: " << change.name << " was \""
              << (change.expected.empty() ? "not written down" : change.expected) << "\", is \""
              << change.found << "\"\n";
  }
  for (const std::string& pin : pins) std::cerr << "changed: " << pin << "\n";
  return !changes.empty() || !pins.empty();
}

void run_claims(const ClaimsOptions& options, VerbContext& context) {
  const std::vector<Scenario> chosen = select_scenarios(options.ids);
  std::unique_ptr<OutputFile> file;
  if (!options.json.empty()) file = std::make_unique<OutputFile>(options.json);
  const std::vector<ClaimResult> results = run_scenarios(chosen, shipped_world(), options.threads);
  if (file) {
    file->write(claims_json(results));
    file->commit();
  }
  if (!file || !file->is_stdout()) {
    std::cout << claims_text(results, {.verbose = options.verbose});
  }
  if (options.check && report_changes(results)) context.exit_code = ExitCode::failed;
}

}  // namespace

void add_claims_verb(CLI::App& program, VerbContext& context) {
  CLI::App* verb = program.add_subcommand(
      "claims", "What published claims about LLM inference say, and what comes out here");
  auto options = std::make_shared<ClaimsOptions>();
  verb->add_option("--id", options->ids,
                   "Claims to run: A10 (with all its parts), A10-ep32; all when absent")
      ->delimiter(',');
  verb->add_option("--json", options->json, "Write everything as JSON to a file, or - for stdout");
  verb->add_flag("--verbose,-v", options->verbose, "Show inputs, numbers and checks");
  verb->add_flag("--check", options->check,
                 "Exit 1 when a label is not the one in tests/scenarios/expected_labels.json or a "
                 "pinned number has changed");
  verb->add_option("--threads", options->threads, "Threads to use; 0: all cores");
  verb->footer(
      "A label is computed from the checks of the row's scenario file:\n"
      "  reproduces         every check with the inputs as the document states them passes\n"
      "  under assumptions  every check passes once the named assumptions are made\n"
      "  direction only     the ordering holds, the numbers do not\n"
      "  does not           none of these\n"
      "docs/claims.md tells how a scenario is written.");
  verb->callback([options, &context] { run_claims(*options, context); });
}

}  // namespace inferbench
