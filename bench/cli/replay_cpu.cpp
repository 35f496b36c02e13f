#include "bench/cli/replay_cpu.hpp"

#include <cstdio>
#include <cstdlib>
#include <exception>
#include <iostream>
#include <nlohmann/json.hpp>
#include <optional>
#include <thread>
#include <utility>

#include "bench/cli/comparison_report.hpp"
#include "bench/cli/record_keeper.hpp"
#include "bench/cli/replay_observers.hpp"
#include "bench/cli/replay_outputs.hpp"
#include "harness/base/error.hpp"
#include "harness/base/text_table.hpp"
#include "harness/execute/ranks/process_ranks.hpp"
#include "harness/measured/cpu_system.hpp"
#include "harness/metrics/kv_memory.hpp"
#include "harness/metrics/step_time.hpp"
#include "harness/metrics/summarize.hpp"
#include "harness/replay/record_sinks.hpp"
#include "kernels/collectives/mpi_world.hpp"
#include "results/configuration.hpp"
#include "results/host_info.hpp"
#include "workloads/load.hpp"

namespace inferbench {
namespace {

std::string hex(std::uint64_t value) {
  char text[17];
  std::snprintf(text, sizeof(text), "%016llx", static_cast<unsigned long long>(value));
  return text;
}

std::string kv_name(KvType type) {
  return kv_formats()[static_cast<std::size_t>(type)];
}

std::string given_weights(const CpuSetup& setup) {
  return setup.checkpoint ? setup.checkpoint->files.path() : "random";
}

bool on_wall_clock(const CpuSetup& setup) {
  return setup.clock == ReplayClockKind::wall;
}

// Each rank stands where a deployment has a GPU.
nlohmann::ordered_json deployment_json(const CpuSetup& setup, std::size_t weight_bytes) {
  const std::string& weights = setup.weights->name;
  const auto bytes = [](const char* part, Bytes size) {
    return nlohmann::ordered_json{{"part", part}, {"bytes", size.count()}};
  };
  return {{"model", setup.model.name},
          {"gpu", "cpu"},
          {"gpus", setup.ranks()},
          {"parallel", parallel_json(setup.parallel)},
          {"precision",
           {{"attention", weights},
            {"ffn", weights},
            {"experts", weights},
            {"head", weights},
            {"kv", kv_name(setup.kv)}}},
          {"weights_from", given_weights(setup)},
          {"threads", setup.threads},
          {"kernels", setup.kernels == KernelSet::fast ? "fast" : "invariant"},
          {"clock", on_wall_clock(setup) ? "wall" : "simulated"},
          {"sampling",
           {{"temperature", setup.sampling.temperature},
            {"top_k", setup.sampling.top_k},
            {"top_p", setup.sampling.top_p}}},
          {"kv_capacity_tokens", setup.limits.kv_blocks * setup.limits.block_tokens.count()},
          {"packed_weight_bytes", weight_bytes},
          {"memory_bytes",
           {bytes("weights", setup.need.weights), bytes("embedding table", setup.need.table),
            bytes("KV pool", setup.need.kv), bytes("activations", setup.need.activations)}}};
}

nlohmann::ordered_json configuration(const ReplayArguments& given, const CpuSetup& setup,
                                     const ReplayOutcome& outcome, std::size_t weight_bytes) {
  nlohmann::ordered_json workload =
      workload_options_json(given.workload.spec, given.workload.options);
  workload["name"] = outcome.workload.name;
  workload["notes"] = outcome.workload.notes;
  nlohmann::ordered_json out;
  out["deployment"] = deployment_json(setup, weight_bytes);
  out["workload"] = std::move(workload);
  out["scheduler"] = scheduler_json(outcome);
  if (!given.slo.empty()) out["slo"] = given.slo;
  out["seed"] = given.workload.options.seed;
  return out;
}

double value_of(const Summary& summary, std::string_view id) {
  for (const ScalarMetric& metric : summary.scalars) {
    if (metric.id == id) return metric.value.value_or(0);
  }
  return 0;
}

// The shares of the parts stand in the report's step times.
std::string host_line(const Summary& summary) {
  return "Steps took " + human_seconds(value_of(summary, "step_time")) +
         "; elementwise is every kernel but GEMM, attention and MoE; the host took " +
         significant(value_of(summary, "step_host_mean")) + " us per step.";
}

std::string lag(const Summary& summary) {
  for (const DistributionMetric& metric : summary.distributions) {
    if (metric.id != "queue_client" || !metric.max) continue;
    return "Lag: requests were handed over at most " + significant(*metric.max) +
           " ms after they were due, " + significant(metric.mean.value_or(0)) + " ms on average.";
  }
  return "Lag: no request completed.";
}

std::string ranks_line(const CpuSetup& setup, const RankActivity& ranks) {
  return "Ranks: " + label(setup.parallel) + " as " + ranks.transport + ", " +
         std::to_string(ranks.all_reduces) + " all-reduces, " +
         significant(static_cast<double>(ranks.wire_bytes) / 1e6) + " MB moved between ranks.";
}

// "this host as one GPU: 2 threads of ..."
std::string host_as_gpus(const CpuSetup& setup) {
  const auto threads = [](unsigned count) {
    return std::to_string(count) + (count == 1 ? " thread" : " threads");
  };
  if (setup.ranks() == 1) return "this host as one GPU: " + threads(setup.threads);
  return "this host as " + std::to_string(setup.ranks()) + " GPUs: " + label(setup.parallel) +
         ", " + threads(setup.threads_of_each()) + " each";
}

ExecutedSystem description(const CpuSetup& setup, const Summary& summary, std::uint64_t digest,
                           const RankActivity& ranks) {
  const std::string cpu = read_host_info().cpu;
  ExecutedSystem out;
  out.precision =
      setup.weights->name + " weights (" + given_weights(setup) + "), " + kv_name(setup.kv) + " KV";
  out.system = host_as_gpus(setup) + (cpu.empty() ? "" : " of " + cpu) + ", " +
               (setup.kernels == KernelSet::fast ? "fast" : "invariant") + " kernels";
  out.times = on_wall_clock(setup) ? "measured-host, on the wall clock"
                                   : "measured-host: steps measured, arrivals simulated";
  out.closing = {host_line(summary), lag(summary), "Answers: fnv1a64 " + hex(digest) + "."};
  if (setup.ranks() > 1) out.closing.push_back(ranks_line(setup, ranks));
  return out;
}

std::vector<std::string> notes_on(const CpuSetup& setup) {
  std::vector<std::string> notes;
  if (!setup.checkpoint) {
    notes.emplace_back(
        "weights nobody trained: speeds are real, texts and acceptance of drafts are not a "
        "trained model's");
  } else if (setup.draft) {
    notes.emplace_back("the drafting model's weights are random: its acceptance is chance");
  }
  if (setup.limits.kv.prefix_cache) {
    notes.emplace_back("prefix cache: prompts only, because our answers are not the trace's");
  }
  if (setup.threads > std::thread::hardware_concurrency()) {
    notes.emplace_back("more ranks than cores: they take turns, and wait for each other");
  }
  return notes;
}

CpuSetup setup_of(const ReplayArguments& given, const ServingOptions& serving, bool processes) {
  CpuOptions options = given.cpu;
  if (!given.system.parallel_text.empty()) {
    options.parallel = parse_parallel(given.system.parallel_text);
  }
  if (given.cpu.compare_model && (processes || options.parallel.pp > 1)) {
    throw Error("--compare-model",
                "of " + label(options.parallel) + (processes ? " as processes" : ""),
                "steps of tensor-parallel ranks that are threads are predicted", "leave it out");
  }
  options.processes = processes;
  return cpu_setup(given.system.model(), options, serving, given.workload.options.seed);
}

// `ranks`: null for threads of this process.
void replay_setup(const ReplayArguments& given, const ServingOptions& serving, CpuSetup setup,
                  RecordKeeper& keeper, RankGroup* others) {
  ReplayObservers observers(given);
  StepLog log;
  if (given.cpu.compare_model) observers.add(log);
  setup.serving.observer = observers.observer();
  ReplayOutputs outputs(given);
  keeper.keep(outputs, given.records);
  Provenance provenance = start_provenance(given.workload.options.seed);
  const auto source = open_source(given.workload.spec, given.workload.options);
  std::optional<ComparedModel> compared;
  if (given.cpu.compare_model) compared.emplace(given, setup);
  CpuSystem system(setup, source->info().block_tokens, others);

  RecordList list;
  std::vector<RecordSink*> sinks = {&list, &keeper};
  observers.listen(sinks);
  RecordFan fan(sinks);
  system.serve(*source, fan);
  keeper.done();

  const std::vector<RequestRecord> records = list.take_by_id();
  const WorkloadInfo info = source->info();
  Summary summary = summarize(records, given.summary({.total = setup.ranks()}, info.concurrency));
  const std::vector<ReplicaStats> replicas = {system.stats()};
  for (auto* metrics : {&kv_memory_metrics, &step_time_metrics}) {
    for (ScalarMetric& metric : metrics(replicas)) summary.scalars.push_back(std::move(metric));
  }
  const RankActivity ranks = system.rank_activity();
  const std::uint64_t digest = system.executor().answers_digest();
  Deployment deployment;
  deployment.model = setup.model;
  ExecutedSystem executed = description(setup, summary, digest, ranks);
  nlohmann::ordered_json findings{{"answers_fnv1a64", hex(digest)}};
  if (compared) {
    const ModelComparison comparison =
        compared->compare(given, setup, system.scheduler_options(), log.steps(), summary);
    executed.closing.push_back(comparison_report(comparison));
    findings["modelled"] = comparison_json(comparison);
  }
  const ReplayOutcome outcome{.deployment = std::move(deployment),
                              .workload = info,
                              .serving = serving,
                              .limits = system.scheduler_options(),
                              .profile = "",
                              .summary = std::move(summary),
                              .replicas = replicas,
                              .fleet = {},
                              .notes = notes_on(setup),
                              .executed = executed};
  RunResult result = outputs.result(given, Method::measured_host,
                                    configuration(given, setup, outcome, system.weight_bytes()),
                                    outcome.summary, std::move(provenance));
  if (setup.ranks() > 1) {
    findings["ranks"] = {{"transport", ranks.transport},
                         {"all_reduces", ranks.all_reduces},
                         {"wire_bytes", ranks.wire_bytes}};
  }
  result.findings = std::move(findings);
  result.not_measured.push_back(
      {.what = "gpu", .reason = "executed on this host: its cores stand for GPUs"});
  outputs.finish(given, outcome, result, records);
  observers.finish(given);
}

// One process a rank: the first one replays, the others compute along.
void replay_among_processes(const ReplayArguments& given, const ServingOptions& serving,
                            MpiWorld& world, RecordKeeper& keeper) {
  const CpuSetup setup = setup_of(given, serving, true);
  if (setup.ranks() != world.size()) {
    throw Error("--parallel " + label(setup.parallel),
                std::to_string(world.size()) + " processes for " + std::to_string(setup.ranks()) +
                    (setup.ranks() == 1 ? " rank" : " ranks"),
                "under mpirun each rank is a process",
                "mpirun -np " + std::to_string(setup.ranks()) + " inferbench replay ...");
  }
  ProcessRanks ranks(world.communicator(), setup.threads_of_each());
  try {
    if (ranks.leads()) return replay_setup(given, serving, setup, keeper, &ranks);
    ranks.follow(model_plans(setup));
  } catch (const std::exception& error) {
    if (!ranks.in_step()) throw;
    // The others wait for this rank's part: the launcher ends them.
    std::cerr << "error: rank " << world.rank() << ": " << error.what() << "\n" << std::flush;
    std::_Exit(static_cast<int>(ExitCode::failed));
  }
}

}  // namespace

void replay_on_cpu(const ReplayArguments& given) {
  const ServingOptions serving = given.serving_on_cpu();
  given.summary({}, {});  // an SLO that cannot be read is found before the weights are packed
  RecordKeeper keeper;
  std::optional<MpiWorld> world;
  if (launched_by_mpi()) world.emplace();
  if (world && world->size() > 1) return replay_among_processes(given, serving, *world, keeper);
  replay_setup(given, serving, setup_of(given, serving, false), keeper, nullptr);
}

}  // namespace inferbench
