#include <unistd.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <filesystem>
#include <iostream>
#include <map>
#include <memory>

#include "bench/cli/op_table_file.hpp"
#include "bench/cli/sweep_interrupt.hpp"
#include "bench/cli/verbs.hpp"
#include "harness/base/output_file.hpp"
#include "harness/base/text_table.hpp"
#include "harness/calibrate/calibrate.hpp"
#include "harness/calibrate/machine_rates.hpp"
#include "harness/catalog/catalog.hpp"
#include "harness/execute/transformer/weight_shard.hpp"
#include "harness/measured/cpu_setup.hpp"
#include "harness/stats/percentile.hpp"
#include "workloads/text_values.hpp"

namespace inferbench {
namespace {

constexpr Duration kRateBudget{2'000'000'000};

struct CalibrateArguments {
  std::vector<std::string> models, weights = {"bf16"}, ops;
  std::string kv = "bf16", out, budget = "20s", parallel;
  std::int64_t threads = 0;
  std::uint64_t seed = 1;
  ProbeLimits limits;
};

std::set<OpClass> classes_of(const std::vector<std::string>& names) {
  const std::vector<OpClass> known = {OpClass::gemm,  OpClass::attention,   OpClass::moe,
                                      OpClass::other, OpClass::collectives, OpClass::host};
  std::set<OpClass> classes;
  std::vector<std::string> known_names;
  for (const OpClass op_class : known) {
    known_names.emplace_back(name(op_class));
    if (names.empty()) classes.insert(op_class);
  }
  for (const std::string& wanted : names) {
    const auto found = std::find(known_names.begin(), known_names.end(), wanted);
    if (found == known_names.end()) throw unknown_name("--ops", "class", wanted, known_names);
    classes.insert(known[static_cast<std::size_t>(found - known_names.begin())]);
  }
  return classes;
}

ParallelConfig parallel_of(const CalibrateArguments& given) {
  if (given.parallel.empty()) return {};
  const ParallelConfig parallel = parse_parallel(given.parallel);
  if (parallel.gpus() == parallel.tp) return parallel;
  throw Error("--parallel", label(parallel), "op times are of tensor-parallel ranks", "tp2");
}

void check_limit(const char* option, std::int64_t given, std::int64_t most) {
  if (given >= 1 && given <= most) return;
  throw Error(option, std::to_string(given), "from 1 to " + std::to_string(most));
}

// One request per model and format, checked before anything is measured.
std::vector<CalibrateRequest> requests_of(const CalibrateArguments& given) {
  check_limit("--step-tokens", given.limits.step_tokens, 65'536);
  check_limit("--max-batch", given.limits.max_batch, 4096);
  check_limit("--context", given.limits.context, 1'000'000);
  std::vector<CalibrateRequest> requests;
  for (const std::string& model : given.models) {
    for (const std::string& weights : given.weights) {
      CalibrateRequest request;
      request.model = find_model(model);
      request.weights = weights;
      request.kv = given.kv;
      request.threads = given.threads;
      request.parallel = parallel_of(given);
      request.limits = given.limits;
      request.classes = classes_of(given.ops);
      request.budget = parse_duration(given.budget, "--budget");
      request.seed = given.seed;
      request.interrupted = InterruptGuard::requested;
      const DecoderShape shape = decoder_shape(request.model);
      static_cast<void>(kv_store_type(given.kv));
      check_shards(request.model.name + ", --parallel " + label(request.parallel), shape,
                   decoder_format(weights), request.parallel.tp);
      static_cast<void>(decoder_ops(shape, weights, given.kv, request.parallel.tp));
      requests.push_back(std::move(request));
    }
  }
  return requests;
}

// The file as it was left, or a new table with no rates yet.
OpTable begun(const CalibrateArguments& given, const TableOrigin& here) {
  if (!std::filesystem::exists(given.out)) {
    static_cast<void>(OutputFile(given.out));  // a place that cannot be written is found now
    return {.origin = here, .rates = {}, .curves = {}};
  }
  OpTable table = read_op_table(given.out);
  check_origin(table.origin, here, given.out);
  return table;
}

void probe_rates(const CalibrateArguments& given, OpTable& table, Stopwatch& stopwatch) {
  std::vector<std::string> missing;
  for (const std::string& format : given.weights) {
    if (!table.rates.arithmetic.contains(format)) missing.push_back(format);
  }
  if (missing.empty() && table.rates.memory > 0) return;
  SamplerOptions options;
  options.seed = given.seed;
  const MachineRates rates =
      machine_rates(missing, 0, table.origin.threads, kRateBudget, stopwatch, options);
  if (table.rates.memory <= 0) table.rates.memory = rates.memory;
  for (const auto& [format, rate] : rates.arithmetic) {
    table.rates.arithmetic.try_emplace(format, rate);
  }
}

std::string rates_text(const MachineRates& rates) {
  std::string text = "reads " + significant(rates.memory) + " GB/s";
  for (const auto& [format, rate] : rates.arithmetic) {
    text += ", " + format + " " + significant(rate) + " GOP/s";
  }
  return text;
}

void print_report(const CalibrateArguments& given, const OpTable& table, std::size_t added) {
  struct Count {
    std::size_t curves = 0, points = 0;
    std::vector<double> widths;
  };
  std::map<std::pair<std::string, std::string>, Count> counts;
  for (const OpCurve& curve : table.curves) {
    Count& count = counts[{curve.site.op, curve.site.format}];
    ++count.curves;
    count.points += curve.points.size();
    for (const OpPoint& p : curve.points) {
      count.widths.push_back((p.high_ns - p.low_ns) / p.ns);
    }
  }
  TextTable report({"op", "format", "curves", "points", "median interval"});
  const double middle = 50;
  for (auto& [key, count] : counts) {
    const double width = percentiles(count.widths, std::span(&middle, 1)).front();
    report.add({key.first, key.second, std::to_string(count.curves), std::to_string(count.points),
                fixed(100 * width, 1) + " %"});
  }
  std::cout << report.str() << "\n"
            << given.out << ": " << table.points() << " points, " << added << " of them new; "
            << table.origin.threads << " threads of " << table.origin.cpu << ", "
            << table.origin.isa << "; " << rates_text(table.rates) << "\n";
}

void run_calibrate(const CalibrateArguments& given, VerbContext& context) {
  const std::vector<CalibrateRequest> requests = requests_of(given);
  const auto ranks = static_cast<unsigned>(parallel_of(given).gpus());
  const unsigned threads = thread_count(given.threads, ranks);
  OpTable table = begun(given, origin_here(threads, ranks));
  const InterruptGuard interrupt;
  TeamStopwatch stopwatch(threads);
  probe_rates(given, table, stopwatch);
  const bool watched = isatty(STDERR_FILENO) != 0;
  std::size_t added = 0;
  for (const CalibrateRequest& request : requests) {
    if (InterruptGuard::requested()) break;
    if (watched) std::cerr << "measuring " << request.model.name << " " << request.weights << "\n";
    added += calibrate(request, table, stopwatch);
    table.origin.measured_utc = origin_here(threads, ranks).measured_utc;
    write_op_table(table, given.out);
  }
  print_report(given, table, added);
  if (!InterruptGuard::requested()) return;
  std::cout << "interrupted: the same command goes on with what is missing\n";
  context.exit_code = kInterruptedExit;
}

}  // namespace

void add_calibrate_verb(CLI::App& program, VerbContext& context) {
  CLI::App* verb = program.add_subcommand(
      "calibrate",
      "measure this host's op times for models executed on its CPU, and write them as a table that "
      "`replay --system cpu --compare-model --op-table FILE` predicts with");
  const auto given = std::make_shared<CalibrateArguments>();
  verb->add_option("--model", given->models, "catalog models, config.json or own JSON")
      ->required()
      ->delimiter(',');
  verb->add_option("--out", given->out, "the table; one that is there is added to")->required();
  verb->add_option("--weights", given->weights, "formats of linear layers: bf16, w8a8, ...")
      ->delimiter(',')
      ->capture_default_str();
  verb->add_option("--kv-format", given->kv, "of keys and values")->capture_default_str();
  verb->add_option("--threads", given->threads, "0: all cores of this host")->capture_default_str();
  verb->add_option("--parallel", given->parallel, "tensor-parallel ranks: tp2");
  verb->add_option("--budget", given->budget, "time for the ops of each model and format")
      ->capture_default_str();
  verb->add_option("--ops", given->ops,
                   "only these classes: gemm, attention, moe, other, collectives, host")
      ->delimiter(',');
  verb->add_option("--step-tokens", given->limits.step_tokens, "longest chunk of a prompt")
      ->capture_default_str();
  verb->add_option("--max-batch", given->limits.max_batch, "most requests that decode together")
      ->capture_default_str();
  verb->add_option("--context", given->limits.context, "most tokens cached before a step")
      ->capture_default_str();
  verb->add_option("--seed", given->seed, "of weights and of the order of samples")
      ->capture_default_str();
  verb->callback([given, &context] { run_calibrate(*given, context); });
}

}  // namespace inferbench
