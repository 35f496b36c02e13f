#include <unistd.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <filesystem>
#include <iostream>
#include <memory>

#include "bench/cli/gate_options.hpp"
#include "bench/cli/seed_option.hpp"
#include "bench/cli/sweep_interrupt.hpp"
#include "bench/cli/verbs.hpp"
#include "harness/base/output_file.hpp"
#include "harness/base/parallel_for.hpp"
#include "results/gate/calibration.hpp"
#include "results/gate/series/gate_series.hpp"
#include "results/host_info.hpp"

namespace inferbench {
namespace {

struct CalibrateGateArguments {
  GateArguments gate{.suite = "eight", .patience = "30s", .only = {}, .rule = {}};
  std::string program, report, budget = "2m", each = "60s";
  std::vector<double> slowdowns = {0.02, 0.05, 0.10};
  std::uint64_t seed = 1;
  bool show = false;
};

// This program, where it lies.
std::string own_path() {
  return std::filesystem::read_symlink("/proc/self/exe").string();
}

// One comparison of the program with itself, slowed down.
class Trials {
 public:
  explicit Trials(const CalibrateGateArguments& given)
      : given_(given), program_(given.program.empty() ? own_path() : given.program) {
    options_.rule = given.gate.rule;
    options_.budget = gate_time(given.each, "--each");
    options_.clock = gate_clock(given.gate);
    options_.cpus = available_threads();
    options_.trust_same_code = false;  // that is what is tried
    options_.interrupted = InterruptGuard::requested;
    WorkerProcesses probe = side(0);
    try_worker(probe, program_, "--program");
  }

  // What the file must be of: rule, suite, machine.
  GateCalibration here() const {
    const std::size_t series = gate_series(given_.gate.suite, given_.gate.only).size();
    GateCalibration calibration{.rule = given_.gate.rule,
                                .suite = given_.gate.suite,
                                .clock = given_.gate.clock,
                                .code = {},
                                .cpu = read_host_info().cpu,
                                .series = series,
                                .cells = {}};
    for (const std::string& only : given_.gate.only) calibration.suite += " " + only;
    return calibration;
  }

  void add_to(GateCalibration& calibration, CalibrationCell& cell) {
    std::int64_t before = 0;
    for (const CalibrationCell& other : calibration.cells) before += other.comparisons;
    options_.seed = given_.seed + static_cast<std::uint64_t>(before);
    WorkerProcesses baseline = side(0), candidate = side(cell.slowdown);
    const GateComparison comparison = compare_programs(baseline, candidate, options_, stopwatch_);
    if (comparison.interrupted) return;
    calibration.code = comparison.baseline_code;
    add_comparison(cell, comparison);
    if (comparison.invalid.empty()) {
      add_unpaired(cell, baseline, candidate, comparison, options_.slices);
    }
  }

  Duration now() { return stopwatch_.begin().wall; }

 private:
  WorkerProcesses side(double slowdown) const {
    WorkerProgram worker = gate_worker(given_.gate, program_, "--program");
    if (slowdown > 0) {
      worker.command.insert(worker.command.end(), {"--slowdown", std::to_string(slowdown)});
    }
    return WorkerProcesses(worker);
  }

  const CalibrateGateArguments& given_;
  std::string program_;
  CompareOptions options_;
  ThreadStopwatch stopwatch_;
};

void add_cells(const std::vector<double>& slowdowns, GateCalibration& calibration) {
  std::vector<double> wanted = slowdowns;
  wanted.push_back(0);
  for (const double slowdown : wanted) {
    const bool there =
        std::any_of(calibration.cells.begin(), calibration.cells.end(),
                    [&](const CalibrationCell& cell) { return cell.slowdown == slowdown; });
    if (!there) calibration.cells.push_back({.slowdown = slowdown});
  }
  std::sort(calibration.cells.begin(), calibration.cells.end(),
            [](const auto& a, const auto& b) { return a.slowdown < b.slowdown; });
}

GateCalibration begun(const std::string& path, const GateCalibration& here) {
  if (!std::filesystem::exists(path)) {
    static_cast<void>(OutputFile(path));  // a place that cannot be written is found now
    return here;
  }
  GateCalibration file = parse_calibration(read_file(path), path);
  check_same_calibration(file, here, path);
  return file;
}

void write(const GateCalibration& calibration, const std::string& path) {
  OutputFile file(path);
  file.write(calibration_json(calibration));
  file.commit();
}

void run_calibrate_gate(const CalibrateGateArguments& given, VerbContext& context) {
  if (given.show) {
    std::cout << calibration_text(parse_calibration(read_file(given.report), given.report));
    return;
  }
  check_gate_rule(given.gate.rule);
  const Duration budget = gate_time(given.budget, "--budget");
  Trials trials(given);
  GateCalibration calibration = begun(given.report, trials.here());
  add_cells(given.slowdowns, calibration);
  const InterruptGuard guard;
  const bool watched = isatty(STDERR_FILENO) != 0;
  const Duration start = trials.now();
  while (trials.now() - start < budget && !InterruptGuard::requested()) {
    CalibrationCell& cell = next_cell(calibration);
    if (watched) {
      std::cerr << "\r\033[K+" << 100 * cell.slowdown << " %: comparison " << cell.comparisons + 1
                << std::flush;
    }
    trials.add_to(calibration, cell);
    write(calibration, given.report);
  }
  if (watched) std::cerr << "\r\033[K" << std::flush;
  std::cout << calibration_text(calibration);
  if (InterruptGuard::requested()) context.exit_code = kInterruptedExit;
}

}  // namespace

void add_calibrate_gate_verb(CLI::App& program, VerbContext& context) {
  CLI::App* verb = program.add_subcommand(
      "calibrate-gate",
      "how often `compare` is wrong on this machine: the program against itself, unchanged and "
      "slowed down by known parts; rates with their bounds, added up over runs in a file");
  const auto given = std::make_shared<CalibrateGateArguments>();
  verb->add_option("--report", given->report, "the file; one that is there is added to")
      ->required();
  verb->add_flag("--show", given->show, "print what the file holds, and stop");
  verb->add_option("--program", given->program, "what is tried (default: this program)");
  verb->add_option("--budget", given->budget, "wall time of this run")->capture_default_str();
  verb->add_option("--each", given->each, "wall time of one comparison, at most")
      ->capture_default_str();
  verb->add_option("--slowdowns", given->slowdowns, "parts, beside unchanged programs")
      ->delimiter(',')
      ->check(CLI::Range(0.001, 10.0))
      ->capture_default_str();
  add_gate_options(*verb, given->gate);
  add_seed_option(*verb, given->seed, "of the first comparison; later ones count on");
  verb->callback([given, &context] { run_calibrate_gate(*given, context); });
}

}  // namespace inferbench
