#include <unistd.h>

#include <CLI/CLI.hpp>
#include <cstdio>
#include <iostream>
#include <memory>
#include <nlohmann/json.hpp>

#include "bench/cli/sweep_interrupt.hpp"
#include "bench/cli/sweep_methods.hpp"
#include "bench/cli/sweep_profile.hpp"
#include "bench/cli/sweep_report.hpp"
#include "bench/cli/verbs.hpp"
#include "harness/base/output_file.hpp"
#include "harness/base/text_table.hpp"
#include "harness/sweep/run_sweep.hpp"
#include "harness/sweep/sweep_json.hpp"
#include "results/run_result.hpp"

namespace inferbench {
namespace {

using Json = nlohmann::ordered_json;

// "2s", "500ms", "1.5" (seconds).
Seconds parse_seconds(const std::string& text, const char* option) {
  std::size_t used = 0;
  double value = -1;
  try {
    value = std::stod(text, &used);
  } catch (const std::exception&) {
    used = 0;
  }
  const std::string unit = used > 0 ? text.substr(used) : "?";
  const double scale = unit.empty() || unit == "s" ? 1.0 : unit == "ms" ? 1e-3 : 0.0;
  if (scale == 0.0 || !(value > 0) || value > 1e9) {
    throw Error(option, "\"" + text + "\" is no duration", "expected a number above 0 with s or ms",
                "e.g. 2s, 500ms");
  }
  return Seconds(value * scale);
}

SweepLimits limits_of(const SweepOptions& options) {
  SweepLimits limits{.min_tps_user = options.min_tps_user, .max_tps_user = options.max_tps_user};
  if (!options.max_ttft.empty()) limits.max_ttft = parse_seconds(options.max_ttft, "--max-ttft");
  if (limits.min_tps_user && limits.max_tps_user && *limits.min_tps_user > *limits.max_tps_user) {
    throw Error("--min-tps-user", significant(*limits.min_tps_user),
                "must not be above --max-tps-user " + significant(*limits.max_tps_user));
  }
  return limits;
}

// Points of an earlier, interrupted run of the same sweep.
std::vector<SweepPoint> finished_points(const std::string& path, const Json& configuration) {
  if (path.empty()) return {};
  const RunResult earlier = read_run_result(path);
  const Json& before = earlier.configuration.json();
  for (const auto& [key, value] : configuration.items()) {
    if (before.contains(key) && before.at(key) == value) continue;
    throw Error("--resume " + path, "is of another sweep: \"" + key + "\" differs",
                "points can be kept only when all inputs are equal",
                "repeat its options, or start afresh without --resume");
  }
  std::vector<SweepPoint> points;
  for (const Json& point : earlier.points.json()) points.push_back(point_from_json(point, path));
  return points;
}

// A line on stderr that is rewritten in place, where somebody watches.
std::function<void(std::size_t, std::size_t)> progress_line() {
  if (isatty(STDERR_FILENO) == 0) return {};
  return [last = std::size_t{0}](std::size_t done, std::size_t all) mutable {
    const std::size_t percent = done * 100 / all;
    if (percent == last && done != all) return;
    last = percent;
    std::fprintf(stderr, "\r%3zu %% of %zu points%s", percent, all, done == all ? "\r\033[K" : "");
    std::fflush(stderr);
  };
}

Validity validity_of(const SweepResult& result) {
  Validity validity;
  if (!result.partial()) return validity;
  const std::size_t all = result.points.size() + result.unfinished.size();
  validity.valid = false;
  validity.reasons.push_back({.id = "interrupted",
                              .text = "interrupted: " + std::to_string(result.points.size()) +
                                      " of " + std::to_string(all) +
                                      " points were finished; --resume continues",
                              .invalidates = true});
  return validity;
}

void write_json(OutputFile& file, const SweepPlan& plan, const SweepResult& result,
                const SweepLimits& limits, Provenance provenance) {
  Json points = Json::array();
  for (const SweepPoint& point : result.points) points.push_back(point_json(point));
  finish(provenance);
  Json findings = findings_json(result.points, limits);
  if (plan.add_findings) plan.add_findings(findings);
  write_run_result(make_sweep_result(plan.label, *plan.configuration, std::move(points),
                                     std::move(findings), validity_of(result), provenance),
                   file);
}

std::string partial_line(const SweepResult& result) {
  if (!result.partial()) return "";
  return "PARTIAL: interrupted after " + with_commas(static_cast<long long>(result.points.size())) +
         " of " +
         with_commas(static_cast<long long>(result.points.size() + result.unfinished.size())) +
         " points; a result written with --json is continued with --resume FILE\n";
}

void run_sweep_verb(const SweepOptions& options, VerbContext& context) {
  const SweepLimits limits = limits_of(options);
  const SweepPlan plan = find_sweep_method(options.method).plan(options);
  const auto earlier = finished_points(options.resume_path, *plan.configuration);
  // Opened before the work: a place that cannot be written is found now.
  std::optional<OutputFile> json, csv;
  if (!options.json_path.empty()) json.emplace(options.json_path);
  if (!options.csv_path.empty()) csv.emplace(options.csv_path);
  Provenance provenance = start_provenance(0);

  const InterruptGuard interrupt;
  const SweepRun run{.threads = plan.threads.value_or(options.threads),
                     .stop = [] { return InterruptGuard::requested(); },
                     .progress = progress_line()};
  const SweepResult result = run_sweep(*plan.method, plan.tasks, run, earlier);

  if (json) write_json(*json, plan, result, limits, std::move(provenance));
  if (csv) {
    csv->write(sweep_csv(result.points, limits));
    csv->commit();
  }
  const bool piped = (json && json->is_stdout()) || (csv && csv->is_stdout());
  std::ostream& out = piped ? std::cerr : std::cout;
  if (result.partial()) {
    context.exit_code = kInterruptedExit;
    out << partial_line(result);
  }
  if (piped) return;
  for (const std::string& line : plan.about) out << line << "\n";
  out << sweep_report(
      result.points, limits,
      {.rows = options.rows, .infeasible = options.infeasible, .plot = !options.no_plot});
  if (plan.closing) out << plan.closing();
}

// Options of one method do nothing to another.
void refuse_options_of_others(const CLI::App& verb, const SweepOptions& options) {
  const bool slices = options.method == "slices";
  for (const CLI::Option* option : verb.get_options()) {
    const std::string& group = option->get_group();
    const bool others = slices ? group == "Replay" || group == "Workload" : group == kSlicesGroup;
    if (option->count() == 0 || !others) continue;
    throw Error(option->get_name(), "does not apply to --method " + options.method,
                slices ? "slices are composed in closed form over --isl and --osl"
                       : "nothing is executed there",
                slices ? "leave it out, or use --method replay" : "add --method slices");
  }
}

void add_limits(CLI::App& verb, SweepOptions& options) {
  verb.add_option("--max-ttft", options.max_ttft, "only points with TTFT up to, e.g. 2s, 500ms");
  verb.add_option("--min-tps-user", options.min_tps_user, "only points of at least so many");
  verb.add_option("--max-tps-user", options.max_tps_user, "only points of at most so many");
}

void add_output(CLI::App& verb, SweepOptions& options) {
  verb.add_option("--json", options.json_path, "write the result as JSON; - is stdout");
  verb.add_option("--csv", options.csv_path, "write all points as CSV; - is stdout");
  verb.add_option("--resume", options.resume_path, "result of an interrupted run: keep its points");
  verb.add_option("--rows", options.rows, "most rows of the frontier table (default 24)");
  verb.add_flag("--infeasible", options.infeasible, "list configurations that never fit, and why");
  verb.add_flag("--no-plot", options.no_plot, "leave the scatter plot out");
  verb.add_option("--threads", options.threads,
                  "threads, 0: all cores (modelled results do not depend)");
}

}  // namespace

void add_sweep_verb(CLI::App& program, VerbContext& context) {
  CLI::App* verb = program.add_subcommand(
      "sweep",
      "all configurations x chunk sizes: tokens/s/GPU over tokens/s/user, Pareto frontier");
  const auto options = std::make_shared<SweepOptions>();
  add_system_options(*verb, options->system, SystemScope::search);
  std::string methods;
  for (const SweepMethodEntry& entry : sweep_methods()) {
    methods += (methods.empty() ? "" : "; ") + entry.name + ": " + entry.about;
    if (entry.add_options) entry.add_options(*verb, *options);
  }
  verb->add_option("--method", options->method, methods + " (default steady)");
  add_profile_options(*verb, *options);
  verb->add_option("--isl", options->isl, "mean input tokens (default 32768)");
  verb->add_option("--osl", options->osl, "mean output tokens (default 1024)");
  verb->add_option("--chunks", options->chunks,
                   "chunk sizes, e.g. 256,512,1024 (default: 37 sizes from 128 to 8192)")
      ->delimiter(',');
  add_rule_options(*verb, options->rules);
  add_limits(*verb, *options);
  add_output(*verb, *options);
  verb->callback([options, verb, &context] {
    refuse_options_of_others(*verb, *options);
    run_sweep_verb(*options, context);
  });
}

}  // namespace inferbench
