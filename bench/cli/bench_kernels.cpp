#include "bench/cli/bench_kernels.hpp"

#include <unistd.h>

#include <algorithm>
#include <iostream>
#include <memory>
#include <optional>

#include "bench/cli/bench_report.hpp"
#include "bench/cli/bench_result.hpp"
#include "bench/cli/bench_threads.hpp"
#include "bench/cli/list_kernels.hpp"
#include "bench/cli/sweep_interrupt.hpp"
#include "harness/base/error.hpp"
#include "harness/base/output_file.hpp"
#include "harness/base/text_table.hpp"
#include "harness/micro/cuda_bench.hpp"
#include "harness/micro/operators.hpp"
#include "harness/micro/run_cases.hpp"
#include "harness/micro/suites.hpp"
#include "kernels/registry.hpp"
#include "results/exporters/gbench.hpp"
#include "workloads/text_values.hpp"

namespace inferbench {
namespace {

using namespace std::chrono_literals;

template <class Value>
Value choice(const char* option, const std::string& given,
             const std::vector<std::pair<std::string, Value>>& known) {
  std::vector<std::string> names;
  for (const auto& [name, value] : known) {
    if (name == given) return value;
    names.push_back(name);
  }
  throw unknown_name(option, "value", given, names);
}

Fill fill_of(const BenchKernelsArguments& given) {
  return choice<Fill>(
      "--fill", given.fill,
      {{"normal", Fill::normal}, {"outliers", Fill::outliers}, {"extreme", Fill::extreme}});
}

Device device_of(const BenchKernelsArguments& given) {
  return choice<Device>("--device", given.device, {{"cpu", Device::cpu}, {"cuda", Device::cuda}});
}

// Both clocks of a GPU, or its events alone.
bool traces(const BenchKernelsArguments& given) {
  return choice<bool>("--timer", given.timer, {{"dual", true}, {"events", false}});
}

// What is not given, by the device; options of the other device would do nothing.
BenchKernelsArguments with_defaults(BenchKernelsArguments given) {
  const bool gpu = device_of(given) == Device::cuda;
  const auto refuse = [&](const char* option, const std::string& value, const char* rule) {
    if (!value.empty()) throw Error(option, value + " would do nothing here", rule, "leave it out");
  };
  if (gpu) {
    refuse("--clock", given.clock, "a GPU is timed by its own clocks; --timer chooses");
    if (given.threads != 1) refuse("--threads", std::to_string(given.threads), "a GPU has its own");
  } else {
    refuse("--timer", given.timer, "it goes with --device cuda; --clock chooses on the CPU");
  }
  const bool by_ops = given.suite.empty() && given.operators.empty();
  if (gpu && by_ops && given.formats.empty()) given.formats = {"bf16"};
  if (given.timer.empty()) given.timer = "dual";
  if (given.clock.empty()) given.clock = gpu ? "device" : "wall";
  if (given.cache.empty()) given.cache = gpu ? "cold" : "hot";
  return given;
}

CachePolicy cache_of(const BenchKernelsArguments& given) {
  return choice<CachePolicy>("--cache", given.cache,
                             {{"hot", CachePolicy::hot},
                              {"cold", CachePolicy::cold},
                              {"weights-cold", CachePolicy::weights_cold}});
}

TimedClock clock_of(const BenchKernelsArguments& given) {
  if (device_of(given) == Device::cuda) return TimedClock::cpu;  // DeviceStopwatch's
  return choice<TimedClock>("--clock", given.clock,
                            {{"wall", TimedClock::wall}, {"cpu", TimedClock::cpu}});
}

// "512M", "4G", "1.5G": decimal.
double parse_memory(const std::string& text) {
  const std::string place = "--memory-limit";
  double unit = 1;
  std::string digits = text;
  for (const auto& [suffix, factor] : {std::pair{'K', 1e3}, {'M', 1e6}, {'G', 1e9}, {'T', 1e12}}) {
    if (!digits.empty() && digits.back() == suffix) unit = factor, digits.pop_back();
  }
  return parse_positive(digits, place) * unit;
}

double memory_limit(const BenchKernelsArguments& given) {
  if (!given.memory_limit.empty()) return parse_memory(given.memory_limit);
  const auto memory = static_cast<double>(read_host_info().memory_bytes);
  return memory > 0 ? memory / 4 : 2e9;
}

std::vector<BenchCase> cases_of(const BenchKernelsArguments& given) {
  const bool both = !given.suite.empty() && !given.operators.empty();
  if (both) throw Error("bench", "--suite and --operators", "one source of cases at a time");
  if (!given.suite.empty() || !given.operators.empty()) {
    if (!given.axes.empty() || !given.formats.empty()) {
      throw Error("bench", "a suite or an operator list has its own axes and formats",
                  "-a and --dtype go with ops");
    }
    std::vector<std::string> names;
    for (const Op& op : kernel_ops()) names.push_back(op.name);
    check_providers(names, given.providers);
  }
  if (!given.suite.empty()) {
    return suite_cases(given.suite, given.ops, given.providers, given.seed);
  }
  if (!given.operators.empty()) {
    if (!given.ops.empty()) throw Error("bench", "an operator list names its ops itself");
    return read_operators(given.operators, given.providers, given.seed);
  }
  BenchRequest request;
  request.ops = given.ops;
  for (const std::string& axis : given.axes) request.axes.push_back(parse_axis(axis));
  request.formats = given.formats;
  request.providers = given.providers;
  request.seed = given.seed;
  request.fill = fill_of(given);
  return expand(request);
}

// Where nothing is measured there is nothing to write.
void refuse_files_of_nothing(const BenchKernelsArguments& given) {
  const char* instead = given.list      ? "--list"
                        : given.dry_run ? "--dry-run"
                        : given.profile ? "--profile"
                                        : nullptr;
  if (instead == nullptr) return;
  for (const auto& [option, path] : {std::pair{"--json", given.json},
                                     {"--csv", given.csv},
                                     {"--md", given.markdown},
                                     {"--gbench", given.gbench}}) {
    if (path.empty()) continue;
    throw Error(option, "is given with " + std::string(instead), "that measures nothing to write",
                "leave one of the two out");
  }
}

std::size_t row_count(const std::vector<BenchCase>& cases) {
  std::size_t rows = 0;
  for (const BenchCase& c : cases) rows += std::max<std::size_t>(1, c.implementations.size());
  return rows;
}

Duration budget_of(const BenchKernelsArguments& given, std::size_t rows) {
  if (!given.budget.empty()) return parse_duration(given.budget, "--budget");
  for (const Suite& suite : suites()) {
    if (suite.name == given.suite) return parse_duration(suite.default_budget, "--budget");
  }
  return std::min<Duration>(1min, 1s * static_cast<int>(std::min<std::size_t>(rows, 60)));
}

Duration longest_run(const BenchKernelsArguments& given) {
  const Duration longest = parse_duration(given.longest_run, "--longest-run");
  if (longest <= Duration(0)) {
    throw Error("--longest-run", given.longest_run, "must be more than 0, or nothing would run");
  }
  if (given.no_roofs && given.longest_run != BenchKernelsArguments{}.longest_run) {
    throw Error("--longest-run", given.longest_run + " would do nothing with --no-roofs",
                "the roofs foretell how long a run takes", "leave one of the two out");
  }
  return longest;
}

BindOptions bind_options(const BenchKernelsArguments& given) {
  check_bench_threads(given.threads);
  BindOptions bind;
  bind.threads = given.threads;
  bind.cache = cache_of(given);
  bind.last_cache_bytes = last_cache_bytes();
  return bind;
}

BenchOptions options_of(const BenchKernelsArguments& given, Duration budget) {
  BenchOptions options;
  options.bind = bind_options(given);
  options.sampler.clock = clock_of(given);
  options.sampler.seed = given.seed;
  options.sampler.interrupted = InterruptGuard::requested;
  options.budget = budget;
  const bool cpu = device_of(given) == Device::cpu;
  if (!given.no_roofs && cpu) options.roof_budget = std::clamp<Duration>(budget / 10, 100ms, 4s);
  options.longest_run = longest_run(given);
  options.memory_limit = memory_limit(given);
  options.keep_limit = options.memory_limit / 2;
  return options;
}

// The points with what would become of each; nothing is bound.
void print_dry_run(const std::vector<BenchCase>& cases) {
  TextTable table({"case", "implementation", "provider", "would run"});
  std::size_t points = 0;
  for (const BenchCase& c : cases) {
    for (const Implementation* i : c.implementations) {
      const Support support = supports(*i, c.kernel);
      points += support.ok ? 1 : 0;
      table.add({case_text(c.kernel), i->name, i->provider,
                 support.ok ? "yes" : "no: " + support.reason});
    }
    if (c.implementations.empty()) {
      table.add({c.kernel.op, "none", "none", "no: " + c.unusable});
    }
  }
  std::cout << table.str() << "\n"
            << cases.size() << (cases.size() == 1 ? " case, " : " cases, ") << points
            << (points == 1 ? " point would run\n" : " points would run\n");
}

// A line on stderr that rewrites itself, where somebody watches.
class ProgressLine {
 public:
  ProgressLine() : watched_(isatty(STDERR_FILENO) != 0) {}
  ~ProgressLine() { clear(); }
  ProgressLine(const ProgressLine&) = delete;
  ProgressLine& operator=(const ProgressLine&) = delete;

  void show(const BenchProgress& progress) {
    if (!watched_) return;
    const std::string text =
        progress.round == 0 ? std::to_string(progress.done) + "/" + std::to_string(progress.cases)
                            : "round " + std::to_string(progress.round);
    std::cerr << "\r\033[K" << text << "  " << progress.what << std::flush;
  }
  void clear() const {
    if (watched_) std::cerr << "\r\033[K" << std::flush;
  }

 private:
  bool watched_;
};

// The files asked for, opened before anything is measured.
struct KernelOutputs {
  explicit KernelOutputs(const BenchKernelsArguments& given) {
    std::size_t on_stdout = 0;
    const auto open = [&](const std::string& path, std::unique_ptr<OutputFile>& file) {
      if (path.empty()) return;
      on_stdout += path == "-";
      if (on_stdout > 1) throw Error("-", "two outputs to standard output", "one at most");
      file = std::make_unique<OutputFile>(path);
    };
    open(given.json, json);
    open(given.csv, csv);
    open(given.markdown, markdown);
    open(given.gbench, gbench);
    table = on_stdout == 0;
  }

  static void write(const std::unique_ptr<OutputFile>& file, const std::string& text) {
    if (!file) return;
    file->write(text);
    file->commit();
  }

  void write(const RunResult& result) const {
    if (json) write_run_result(result, *json);
    write(csv, row_table(result.rows).csv());
    write(markdown, row_markdown(result.rows));
    write(gbench, export_gbench(result));
  }

  std::unique_ptr<OutputFile> json, csv, markdown, gbench;
  bool table = true;
};

const char* timed_by(const BenchOptions& options) {
  if (options.bind.device != nullptr) return "device";
  return options.sampler.clock == TimedClock::cpu ? "CPU" : "wall";
}

void print_table(const BenchOutcome& outcome, const BenchOptions& options, Duration elapsed) {
  std::cout << row_table(outcome.rows).str() << "\n"
            << unmeasured_text(outcome.rows) << roofs_text(outcome.roofs)
            << row_counts(outcome.rows) << ", " << name(options.bind.cache) << " caches, "
            << timed_by(options) << " time, measured in " << human_seconds(seconds(elapsed).count())
            << " with " << outcome.rounds << " rounds to the least certain\n";
}

ExitCode exit_code_of(const BenchOutcome& outcome) {
  if (outcome.interrupted) return kInterruptedExit;
  const bool wrong =
      std::any_of(outcome.rows.begin(), outcome.rows.end(),
                  [](const KernelRow& row) { return row.status == RowStatus::failed; });
  return wrong ? ExitCode::failed : ExitCode::done;
}

// The GPU, opened before anything else where cases run on one, and its part of the options.
std::unique_ptr<CudaBench> open_gpu(const BenchKernelsArguments& given, BenchOptions& options) {
  if (device_of(given) == Device::cpu) return nullptr;
  auto gpu = std::make_unique<CudaBench>(!given.no_roofs);
  options.bind.device = &gpu->bench();
  options.bind.last_cache_bytes = gpu->bench().cache_bytes;
  options.trace = traces(given);
  options.keep_limit = gpu->free_bytes() / 2;
  return gpu;
}

void measure(const BenchKernelsArguments& given, const std::vector<BenchCase>& cases,
             BenchOptions options, VerbContext& context) {
  const InterruptGuard guard;  // from before there are files to be left behind
  const KernelOutputs outputs(given);
  const std::unique_ptr<CudaBench> gpu = open_gpu(given, options);
  Provenance provenance = start_provenance(given.seed);
  if (!given.operators.empty()) add_input(provenance, "operators", given.operators);
  BenchNoise noise;
  noise.load_before = read_host_info().load_average;
  const Duration stolen_before = stolen_time();

  ThreadStopwatch one;
  TeamStopwatch many(given.threads);
  std::optional<DeviceStopwatch> of_gpu;
  if (gpu) of_gpu.emplace(*gpu->bench().timer);
  Stopwatch& stopwatch = gpu                  ? static_cast<Stopwatch&>(*of_gpu)
                         : given.threads == 1 ? static_cast<Stopwatch&>(one)
                                              : many;
  const Duration start = stopwatch.begin().wall;
  ProgressLine line;
  BenchOutcome outcome = run_cases(cases, options, stopwatch,
                                   [&](const BenchProgress& progress) { line.show(progress); });
  line.clear();

  noise.elapsed = stopwatch.end().wall - start;
  noise.stolen = stolen_time() - stolen_before;
  noise.load_after = read_host_info().load_average;
  noise.frequency_hz = core_frequency_hz();
  finish(provenance);
  context.exit_code = exit_code_of(outcome);
  if (outcome.interrupted) std::cerr << "interrupted: " << row_counts(outcome.rows) << "\n";
  if (!outcome.fault.empty()) std::cerr << "the device failed in " << outcome.fault << "\n";
  if (outputs.table) print_table(outcome, options, noise.elapsed);
  outputs.write(
      bench_result(given, options.budget, std::move(outcome), noise, std::move(provenance)));
}

}  // namespace

void run_bench_kernels(const BenchKernelsArguments& as_given, VerbContext& context) {
  const BenchKernelsArguments given = with_defaults(as_given);
  refuse_files_of_nothing(given);
  if (given.list) {
    std::cout << kernel_text(given.ops);
    return;
  }
  std::vector<BenchCase> cases = cases_of(given);
  if (device_of(given) == Device::cuda) {
    traces(given);  // refused before anything is loaded
    cases = on_device(std::move(cases), given.providers, Device::cuda);
  }
  const BenchOptions options = options_of(given, budget_of(given, row_count(cases)));
  if (given.dry_run) {
    print_dry_run(cases);
  } else if (given.profile) {
    BenchOptions with_gpu = options;
    const std::unique_ptr<CudaBench> gpu = open_gpu(given, with_gpu);
    const std::size_t runs = run_once(cases, with_gpu.bind);
    std::cout << "ran " << runs << (runs == 1 ? " kernel" : " kernels") << " once\n";
  } else {
    measure(given, cases, options, context);
  }
}

}  // namespace inferbench
