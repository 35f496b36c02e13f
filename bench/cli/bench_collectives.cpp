#include "bench/cli/bench_collectives.hpp"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cctype>
#include <iostream>
#include <memory>
#include <nlohmann/json.hpp>

#include "bench/cli/collectives_report.hpp"
#include "bench/cli/seed_option.hpp"
#include "bench/cli/sweep_interrupt.hpp"
#include "harness/base/error.hpp"
#include "harness/base/output_file.hpp"
#include "harness/base/text_table.hpp"
#include "results/host_info.hpp"
#include "results/run_result.hpp"
#include "workloads/text_values.hpp"

namespace inferbench {
namespace {

// What the arguments ask for, checked.
struct Plan {
  std::vector<Collective> kinds;
  std::vector<Transport> transports;
  std::vector<int> ranks;  // empty: as many as there are processes, or cores
  std::vector<std::size_t> sizes;
  ElementType type = ElementType::fp32;
  Reduction reduction = Reduction::sum;
  Duration budget{};

  bool over(Transport transport) const {
    return std::find(transports.begin(), transports.end(), transport) != transports.end();
  }
};

// "64", "1K", "64M", "1G": bytes, in units of 1,024 as nccl-tests has them.
std::size_t parse_size(const std::string& text, const std::string& place) {
  std::string digits = text;
  int shift = 0;
  if (!digits.empty()) {
    constexpr std::string_view kUnits = "KMG";
    const char last = static_cast<char>(std::toupper(static_cast<unsigned char>(digits.back())));
    if (const std::size_t unit = kUnits.find(last); unit != std::string_view::npos) {
      shift = 10 * (static_cast<int>(unit) + 1);
      digits.pop_back();
    }
  }
  constexpr std::int64_t kMost = std::int64_t{64} << 30U;
  const std::int64_t value = parse_count(digits, place, 0);
  if (value > (kMost >> shift)) throw Error(place, text, "at most 64G");
  return static_cast<std::size_t>(value << shift);
}

std::vector<std::size_t> sizes_of(const BenchCollectivesArguments& given) {
  const std::size_t begin = parse_size(given.begin, "-b"), end = parse_size(given.end, "-e");
  const auto factor = static_cast<std::size_t>(parse_count(given.factor, "-f", 2));
  if (begin > end) {
    throw Error("-b", given.begin + " is more than -e " + given.end, "sizes go up from -b to -e");
  }
  std::vector<std::size_t> sizes = {begin};
  while (begin > 0 && sizes.back() <= end / factor) sizes.push_back(sizes.back() * factor);
  return sizes;
}

std::vector<Transport> transports_of(const BenchCollectivesArguments& given) {
  std::vector<Transport> transports;
  for (const std::string& name : given.transports) {
    transports.push_back(transport(name, "--transport"));
  }
  if (transports.empty()) {
    transports.push_back(launched_by_mpi() ? Transport::mpi : Transport::threads);
  }
  return transports;
}

// Each name is one of some op's; an op without any of them is an error too.
void check_algorithms(const BenchCollectivesArguments& given, const Plan& plan) {
  for (const std::string& name : given.algorithms) {
    bool known = false;
    for (const CollectiveImplementation& i : collective_implementations()) {
      known = known || (i.name() == name && std::find(plan.kinds.begin(), plan.kinds.end(),
                                                      i.kind) != plan.kinds.end());
    }
    if (!known) collective_implementation(plan.kinds.front(), name, "--algorithm");
  }
}

Plan plan_of(const BenchCollectivesArguments& given) {
  Plan plan;
  for (const std::string& op : given.ops) plan.kinds.push_back(collective(op, "--op"));
  if (plan.kinds.empty()) plan.kinds = collectives();
  check_algorithms(given, plan);
  plan.transports = transports_of(given);
  plan.ranks = given.ranks;
  for (const int ranks : plan.ranks) {
    if (ranks < 1 || ranks > 256) throw Error("--ranks", std::to_string(ranks), "from 1 to 256");
    if (given.root < ranks) continue;
    throw Error("--root", std::to_string(given.root),
                "must be below the number of ranks, " + std::to_string(ranks));
  }
  plan.sizes = sizes_of(given);
  plan.type = element_type(given.type, "--dtype");
  plan.reduction = reduction(given.reduction, "--redop");
  plan.budget = parse_duration(given.budget, "--budget");
  if (plan.type == ElementType::bytes &&
      std::any_of(plan.kinds.begin(), plan.kinds.end(), combines)) {
    throw Error("--dtype", "bytes", "bytes are moved, not combined",
                "use int32, fp32, bf16 or fp16, or another --op");
  }
  return plan;
}

// Ranks that all transports can have.
void settle_ranks(Plan& plan, const RankStage& stage, int root) {
  if (plan.ranks.empty()) {
    const bool mpi = plan.over(Transport::mpi);
    plan.ranks = {mpi ? stage.processes() : std::max(2, static_cast<int>(stage.cores()))};
  }
  for (const int ranks : plan.ranks) {
    if (plan.over(Transport::mpi) && ranks != stage.processes()) {
      throw Error(
          "--ranks", std::to_string(ranks),
          "over MPI there are as many ranks as processes, " + std::to_string(stage.processes()),
          "mpirun -np " + std::to_string(ranks) + " inferbench bench collectives ...");
    }
    if (root < 0 || root >= ranks) {
      throw Error("--root", std::to_string(root),
                  "must be one of the " + std::to_string(ranks) + " ranks, counted from 0");
    }
  }
}

// At least in, out and a vector to work in, of every rank on this host. Every process agrees, so
// that none waits for one that has left.
void refuse_too_large(const Plan& plan, RankStage& stage, const BenchCollectivesArguments& given) {
  const auto memory = static_cast<double>(read_host_info().memory_bytes);
  const int most = *std::max_element(plan.ranks.begin(), plan.ranks.end());
  const auto hosts = static_cast<int>(std::max<std::size_t>(1, stage.host_names().size()));
  const int here = plan.over(Transport::threads) ? most : (most + hosts - 1) / hosts;
  const double needed = 3.0 * here * static_cast<double>(plan.sizes.back());
  if (stage.sum(memory > 0 && needed > memory ? 1 : 0) == 0) return;
  throw Error("-e", given.end + " takes at least " + human_bytes(needed) + " of memory",
              std::to_string(here) + " ranks on a host hold in, out and a vector to work in",
              "smaller messages or fewer ranks");
}

std::vector<CollectiveSubject> subjects_of(const Plan& plan, Collective kind, bool ping_pong,
                                           const std::vector<std::string>& wanted) {
  std::vector<CollectiveSubject> subjects;
  for (const Transport transport : plan.transports) {
    for (const CollectiveImplementation& i : collective_implementations()) {
      const bool vendor = !i.algorithm.has_value();
      if (i.kind != kind || (vendor && transport == Transport::threads)) continue;
      if ((i.algorithm == CollectiveAlgorithm::ping_pong) != ping_pong) continue;
      const bool named = std::find(wanted.begin(), wanted.end(), i.name()) != wanted.end();
      if (!wanted.empty() && !named) continue;
      for (const bool in_place : {false, true}) {
        if (in_place && kind == Collective::all_to_all_v) continue;
        subjects.push_back({.implementation = &i, .transport = transport, .in_place = in_place});
      }
    }
  }
  return subjects;
}

struct Task {
  CollectiveProblem problem;
  std::vector<CollectiveSubject> subjects;
};

std::vector<Task> tasks_of(const BenchCollectivesArguments& given, const Plan& plan) {
  std::vector<Task> tasks;
  for (const Collective kind : plan.kinds) {
    for (const int ranks : plan.ranks) {
      for (const std::size_t bytes : plan.sizes) {
        for (const bool ping_pong : {false, true}) {
          Task task{.problem = CollectiveProblem::shaped({.kind = kind,
                                                          .ranks = ranks,
                                                          .count = bytes / size_of(plan.type),
                                                          .type = plan.type,
                                                          .reduction = plan.reduction,
                                                          .root = given.root,
                                                          .ping_pong = ping_pong,
                                                          .seed = given.seed}),
                    .subjects = subjects_of(plan, kind, ping_pong, given.algorithms)};
          if (!task.subjects.empty()) tasks.push_back(std::move(task));
        }
      }
    }
  }
  return tasks;
}

// Points behind an interrupted one are too.
bool was_interrupted(const std::vector<CollectivePoint>& points) {
  return !points.empty() && points.back().interrupted;
}

std::vector<CollectivePoint> measure(RankStage& stage, const std::vector<Task>& tasks,
                                     const Plan& plan, std::uint64_t seed) {
  std::size_t subjects = 0;
  for (const Task& task : tasks) subjects += task.subjects.size();
  CollectiveOptions options;
  options.budget = plan.budget / static_cast<Duration::rep>(std::max<std::size_t>(subjects, 1));
  options.seed = seed;
  options.interrupted = InterruptGuard::requested;
  std::vector<CollectivePoint> points;
  for (const Task& task : tasks) {
    points.push_back(was_interrupted(points)
                         ? unvisited_point(task.problem, task.subjects)
                         : measure_point(stage, task.problem, task.subjects, options));
  }
  return points;
}

nlohmann::ordered_json configuration_of(const BenchCollectivesArguments& given, const Plan& plan) {
  nlohmann::ordered_json ops = nlohmann::ordered_json::array();
  for (const Collective kind : plan.kinds) ops.push_back(std::string(name(kind)));
  nlohmann::ordered_json over = nlohmann::ordered_json::array();
  for (const Transport transport : plan.transports) over.push_back(std::string(name(transport)));
  return {{"collectives",
           {{"ops", ops},
            {"algorithms", given.algorithms},
            {"transports", over},
            {"ranks", plan.ranks},
            {"bytes", plan.sizes},
            {"type", name(plan.type)},
            {"reduction", name(plan.reduction)},
            {"root", given.root}}},
          {"budget", given.budget},
          {"seed", given.seed}};
}

void print(const BenchCollectivesArguments& given, const std::vector<CollectivePoint>& points,
           const CollectivePlace& place) {
  const TableForm form = given.csv        ? TableForm::csv
                         : given.markdown ? TableForm::markdown
                                          : TableForm::text;
  if (form == TableForm::text) std::cout << collectives_header(points, place);
  std::cout << collectives_table(points, place, form);
}

// How many rows there are; on stderr, where no table is disturbed.
void tell_interrupted(const std::vector<CollectivePoint>& points) {
  std::size_t rows = 0, timed = 0;
  for (const CollectivePoint& point : points) {
    for (const CollectiveResult& result : point.results) {
      ++rows, timed += result.timed.samples.empty() ? 0 : 1;
    }
  }
  std::cerr << "interrupted: " << timed << " of " << rows << " rows were measured\n";
}

bool any_wrong(const std::vector<CollectivePoint>& points) {
  for (const CollectivePoint& point : points) {
    for (const CollectiveResult& result : point.results) {
      if (result.wrong > 0) return true;
    }
  }
  return false;
}

ExitCode exit_code_of(const std::vector<CollectivePoint>& points) {
  if (was_interrupted(points)) return kInterruptedExit;
  return any_wrong(points) ? ExitCode::failed : ExitCode::done;
}

RunResult result_of(const BenchCollectivesArguments& given, const Plan& plan,
                    const std::vector<CollectivePoint>& points, const CollectivePlace& place,
                    Provenance provenance) {
  RunResult result =
      make_kernels_result(Method::measured_host, configuration_of(given, plan),
                          collective_rows(points, place, given.seed), {}, std::move(provenance));
  if (was_interrupted(points)) {
    result.validity.reasons.push_back(
        {.id = "interrupted", .text = "ended before its time", .invalidates = false});
  }
  return result;
}

// Only the leading process writes; all of them stop if it cannot.
std::unique_ptr<OutputFile> open_output(RankStage& stage, const std::string& path, bool& failed) {
  std::unique_ptr<OutputFile> file;
  std::int64_t problem = 0;
  if (stage.leads() && !path.empty()) {
    try {
      file = std::make_unique<OutputFile>(path);
    } catch (const Error& error) {
      std::cerr << "error: " << error.what() << "\n";
      problem = 1;
    }
  }
  failed = stage.agree(problem) != 0;
  return file;
}

}  // namespace

ExitCode run_bench_collectives(const BenchCollectivesArguments& given) {
  Plan plan = plan_of(given);
  // Threads among MPI processes work in the first one; without MPI there is one process.
  RankStage stage(plan.over(Transport::mpi) || launched_by_mpi());
  settle_ranks(plan, stage, given.root);
  refuse_too_large(plan, stage, given);
  const InterruptGuard guard;  // from before there is a file to be left behind
  bool failed = false;
  const std::unique_ptr<OutputFile> file = open_output(stage, given.json, failed);
  if (failed) return ExitCode::bad_input;
  Provenance provenance = start_provenance(given.seed);
  const CollectivePlace place{stage.mpi_version(), stage.host_names(), stage.cores()};
  const std::vector<CollectivePoint> points =
      measure(stage, tasks_of(given, plan), plan, given.seed);
  const ExitCode code = exit_code_of(points);
  if (!stage.leads()) return code;
  finish(provenance);
  if (file) write_run_result(result_of(given, plan, points, place, std::move(provenance)), *file);
  if (!file || !file->is_stdout()) print(given, points, place);
  if (was_interrupted(points)) tell_interrupted(points);
  return code;
}

void add_bench_collectives(CLI::App& bench, VerbContext& context) {
  CLI::App* verb = bench.add_subcommand(
      "collectives", "collectives among threads or MPI processes, in nccl-tests' columns");
  const auto given = std::make_shared<BenchCollectivesArguments>();
  std::vector<std::string> ops;
  for (const Collective kind : collectives()) ops.emplace_back(name(kind));
  verb->add_option("--op", given->ops, joined(ops))->delimiter(',')->capture_default_str();
  verb->add_option("--algorithm", given->algorithms, "by name (default: all of each op)")
      ->delimiter(',');
  verb->add_option("--transport", given->transports,
                   "threads, mpi (default: mpi under mpirun); both: in turns in one run")
      ->delimiter(',');
  verb->add_option("--ranks", given->ranks,
                   "numbers of ranks, one after another (default: as many as processes or cores)")
      ->delimiter(',');
  verb->add_option("-b,--begin", given->begin, "smallest message, in bytes or with K, M, G")
      ->capture_default_str();
  verb->add_option("-e,--end", given->end, "largest message")->capture_default_str();
  verb->add_option("-f,--factor", given->factor, "from one size to the next")
      ->capture_default_str();
  verb->add_option("--dtype", given->type, "fp32, bf16, fp16, int32, bytes")->capture_default_str();
  verb->add_option("--redop", given->reduction, "sum, max, min, avg")->capture_default_str();
  verb->add_option("--root", given->root, "of broadcast and reduce")->capture_default_str();
  verb->add_option("--budget", given->budget, "wall time for all points together")
      ->capture_default_str();
  add_seed_option(*verb, given->seed, "inputs, and the order in each round");
  verb->add_option("--json", given->json, "write a result file; - is stdout");
  CLI::Option* csv = verb->add_flag("--csv", given->csv, "print the table as CSV");
  verb->add_flag("--md", given->markdown, "print the table as Markdown")->excludes(csv);
  verb->callback([given, &context] { context.exit_code = run_bench_collectives(*given); });
}

}  // namespace inferbench
