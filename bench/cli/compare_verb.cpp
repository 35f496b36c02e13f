#include <unistd.h>

#include <CLI/CLI.hpp>
#include <iostream>
#include <memory>
#include <optional>

#include "bench/cli/comparison_files.hpp"
#include "bench/cli/gate_options.hpp"
#include "bench/cli/seed_option.hpp"
#include "bench/cli/sweep_interrupt.hpp"
#include "bench/cli/verbs.hpp"
#include "harness/base/output_file.hpp"
#include "harness/base/parallel_for.hpp"
#include "results/compare/stored_comparison.hpp"
#include "results/gate/compare_programs.hpp"
#include "results/gate/instructions.hpp"
#include "results/gate/report/comparison_report.hpp"
#include "results/gate/series/gate_series.hpp"

namespace inferbench {
namespace {

struct CompareArguments {
  GateArguments gate;
  ComparisonPaths paths;
  std::vector<std::string> files;
  std::string baseline, candidate, budget = "60s";
  bool list = false, strict = false, all = false, no_canary = false, instructions = false;
  std::uint64_t seed = 1;
};

void print_suites() {
  for (const GateSuite& suite : gate_suites()) {
    std::cout << suite.name << ": " << suite.summary << "\n";
    for (const GateSeries& series : suite.series()) std::cout << "  " << series.name << "\n";
  }
}

CompareOptions options_of(const CompareArguments& given) {
  CompareOptions options;
  options.rule = given.gate.rule;
  check_gate_rule(options.rule);
  options.seed = given.seed;
  options.budget = gate_time(given.budget, "--budget");
  options.clock = gate_clock(given.gate);
  options.canary = !given.no_canary;
  options.cpus = available_threads();
  options.interrupted = InterruptGuard::requested;
  if (isatty(STDERR_FILENO) != 0) {
    options.progress = [](const CompareProgress& progress) {
      std::cerr << "\r\033[Kblock " << progress.blocks << ", " << progress.open << " of "
                << progress.series << " series open" << std::flush;
    };
  }
  return options;
}

// The same comparison of the series that are not unchanged.
std::string again(const CompareArguments& given, const GateComparison& comparison) {
  std::string only;
  for (const SeriesResult& series : comparison.series) {
    if (series.verdict == SeriesVerdict::pass) continue;
    only += (only.empty() ? " --only " : ",") + series.name;
  }
  if (only.empty()) return "";
  return "inferbench compare --baseline " + given.baseline + " --candidate " + given.candidate +
         " --suite " + given.gate.suite + only + " --seed " + std::to_string(comparison.seed);
}

// What goes with two programs only would do nothing with two files.
void refuse_program_options(const CLI::App& verb) {
  for (const CLI::Option* option : verb.get_options()) {
    const std::string name = option->get_name();
    const bool of_both = name == "FILES" || name == "--json" || name == "--all" ||
                         name == "--strict" || name == "--margin" || option->count() == 0;
    if (of_both) continue;
    throw Error("compare", name + " goes with two programs, not with stored results",
                "files go with --json, --all, --strict and --margin",
                "leave it out, or give --baseline and --candidate instead of files");
  }
}

void compare_files(const CompareArguments& given, VerbContext& context) {
  if (given.files.size() != 2) {
    throw Error("compare", std::to_string(given.files.size()) + " file", "two result files",
                "inferbench compare before.json after.json");
  }
  check_gate_rule(given.gate.rule);
  std::optional<OutputFile> json;
  if (!given.paths.json.empty()) json.emplace(given.paths.json);
  const StoredComparison comparison = compare_stored(
      read_stored_run(given.files[0]), read_stored_run(given.files[1]), given.gate.rule.margin);
  if (json) {
    json->write(stored_comparison_json(comparison));
    json->commit();
  }
  if (!json || !json->is_stdout()) std::cout << stored_comparison_text(comparison, given.all);
  context.exit_code = exit_code(comparison, given.strict);
}

// A run under callgrind takes some 50 times as long as by itself.
constexpr int kCallgrindPatience = 50;

CountedProgram counted(const CompareArguments& given, const std::string& program,
                       const char* option) {
  const WorkerProgram worker = gate_worker(given.gate, program, option);
  return {worker.command, WorkerProcesses(worker).launch({})->hello().series};
}

void count_instructions(const CompareArguments& given, GateComparison& comparison) {
  add_instruction_counts(
      counted(given, given.baseline, "--baseline"), counted(given, given.candidate, "--candidate"),
      gate_time(given.gate.patience, "--patience") * kCallgrindPatience, comparison);
}

void run_compare(const CLI::App& verb, const CompareArguments& given, VerbContext& context) {
  if (given.list) return print_suites();
  if (!given.files.empty()) {
    refuse_program_options(verb);
    return compare_files(given, context);
  }
  if (given.baseline.empty() || given.candidate.empty()) {
    throw Error("compare", "has no two programs",
                "--baseline PROGRAM --candidate PROGRAM, or two result files",
                "inferbench compare --help");
  }
  const CompareOptions options = options_of(given);
  static_cast<void>(gate_series(given.gate.suite, given.gate.only));
  WorkerProcesses baseline(gate_worker(given.gate, given.baseline, "--baseline"));
  WorkerProcesses candidate(gate_worker(given.gate, given.candidate, "--candidate"));
  try_worker(baseline, given.baseline, "--baseline");
  try_worker(candidate, given.candidate, "--candidate");

  const InterruptGuard guard;
  const ComparisonFiles files(given.paths);
  ThreadStopwatch stopwatch;
  GateComparison comparison = compare_programs(baseline, candidate, options, stopwatch);
  if (given.instructions && !comparison.interrupted) count_instructions(given, comparison);
  if (options.progress) std::cerr << "\r\033[K" << std::flush;
  files.write(comparison);
  if (!files.on_stdout()) {
    std::cout << comparison_text(comparison, given.all, again(given, comparison));
  }
  context.exit_code =
      comparison.interrupted ? kInterruptedExit : exit_code(comparison, given.strict);
}

}  // namespace

void add_compare_verb(CLI::App& program, VerbContext& context) {
  CLI::App* verb = program.add_subcommand(
      "compare",
      "whether one program is slower than another: both run a suite in turns on this machine.\n"
      "Exit codes: 0 pass, 3 regression, 4 inconclusive (--strict), 5 comparison invalid");
  const auto given = std::make_shared<CompareArguments>();
  verb->add_option("FILES", given->files,
                   "two stored results instead of programs: what they can tell")
      ->expected(0, 2);
  verb->add_option("--baseline", given->baseline, "the inferbench to compare with");
  verb->add_option("--candidate", given->candidate, "the inferbench that may be slower");
  add_gate_options(*verb, given->gate);
  verb->add_flag("--list", given->list, "list suites with their series, and stop");
  verb->add_option("--budget", given->budget, "wall time; what is open then is inconclusive")
      ->capture_default_str();
  add_seed_option(*verb, given->seed, "of all orders and layouts");
  verb->add_flag("--strict", given->strict, "exit with 4 where a series is inconclusive");
  verb->add_flag("--no-canary", given->no_canary, "do not run the baseline against itself");
  verb->add_flag("--instructions", given->instructions,
                 "count instructions of each series too, by valgrind's callgrind: without noise");
  verb->add_flag("--all", given->all, "show unchanged series too");
  add_comparison_outputs(*verb, given->paths);
  verb->callback([verb, given, &context] { run_compare(*verb, *given, context); });
}

}  // namespace inferbench
