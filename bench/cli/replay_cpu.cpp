#include "bench/cli/replay_cpu.hpp"

#include <algorithm>
#include <cstdlib>
#include <exception>
#include <iostream>
#include <nlohmann/json.hpp>
#include <numeric>
#include <optional>
#include <thread>
#include <utility>

#include "bench/cli/comparison_report.hpp"
#include "bench/cli/executed_run.hpp"
#include "bench/cli/record_keeper.hpp"
#include "bench/cli/replay_observers.hpp"
#include "bench/cli/replay_outputs.hpp"
#include "bench/cli/replay_slice.hpp"
#include "harness/base/error.hpp"
#include "harness/base/text_table.hpp"
#include "harness/execute/cuda/cuda_decoder.hpp"
#include "harness/execute/cuda/cuda_gpu.hpp"
#include "harness/execute/ranks/process_ranks.hpp"
#include "harness/execute/ranks/remote_replica.hpp"
#include "harness/execute/ranks/subset.hpp"
#include "harness/measured/cpu_system.hpp"
#include "harness/metrics/kv_memory.hpp"
#include "harness/metrics/step_time.hpp"
#include "harness/metrics/summarize.hpp"
#include "harness/replay/record_sinks.hpp"
#include "kernels/collectives/mpi_world.hpp"
#include "kernels/cuda/load_module.hpp"
#include "results/host_info.hpp"
#include "workloads/load.hpp"

namespace inferbench {
namespace {

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

// Who executes a replay, if not this host's threads.
struct Executing {
  std::vector<RankGroup*> ranks;  // of each replica; none: threads of this process
  std::string gpu;                // its name; empty: cores
};

ExecutedSystem description(const CpuSetup& setup, const Summary& summary, std::uint64_t digest,
                           const RankActivity& ranks, const std::string& gpu) {
  const std::string cpu = read_host_info().cpu;
  ExecutedSystem out;
  out.precision = executed_precision(setup);
  const std::string method(name(gpu.empty() ? Method::measured_host : Method::measured_device));
  out.system = gpu.empty()
                   ? host_as_gpus(setup) + (cpu.empty() ? "" : " of " + cpu) + ", " +
                         (setup.kernels == KernelSet::fast ? "fast" : "invariant") + " kernels"
                   : gpu;
  out.times = method + (on_wall_clock(setup) ? ", on the wall clock"
                                             : ": steps measured, arrivals simulated");
  out.closing = {host_line(summary), lag(summary), "Answers: fnv1a64 " + digest_text(digest) + "."};
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

CpuSetup setup_of(const ReplayArguments& given, const ServingOptions& serving, bool processes,
                  Bytes memory = available_memory()) {
  CpuOptions options = given.cpu;
  if (!given.system.parallel_text.empty()) {
    options.parallel = parse_parallel(given.system.parallel_text);
  }
  if (given.cpu.compare_model && given.cpu.slice) {
    throw Error("--compare-model", "with --slice", "runs of whole models are predicted",
                "leave one of them out");
  }
  if (given.cpu.compare_model && (processes || options.parallel.gpus() > options.parallel.tp)) {
    throw Error("--compare-model",
                "of " + label(options.parallel) + (processes ? " as processes" : ""),
                "steps of tensor-parallel ranks that are threads are predicted", "leave it out");
  }
  options.processes = processes;
  options.slice = given.cpu.slice_choice();
  return cpu_setup(given.system.model(), options, serving, given.workload.options.seed, memory);
}

void replay_setup(const ReplayArguments& given, const ServingOptions& serving, CpuSetup setup,
                  RecordKeeper& keeper, const Executing& by) {
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
  CpuSystem system(setup, source->info().block_tokens, by.ranks);

  RecordList list;
  std::vector<RecordSink*> sinks = {&list, &keeper};
  observers.listen(sinks);
  RecordFan fan(sinks);
  try {
    system.serve(*source, fan);
  } catch (...) {
    keeper.failed();
    throw;
  }
  keeper.done();

  const std::vector<RequestRecord> records = list.take_by_id();
  const WorkloadInfo info = source->info();
  Summary summary = summarize(records, given.summary({.total = setup.ranks()}, info.concurrency));
  const std::vector<ReplicaStats> replicas = system.stats();
  for (auto* metrics : {&kv_memory_metrics, &step_time_metrics}) {
    for (ScalarMetric& metric : metrics(replicas)) summary.scalars.push_back(std::move(metric));
  }
  const RankActivity ranks = system.rank_activity();
  const std::uint64_t digest = system.answers_digest();
  Deployment deployment;
  deployment.model = setup.model;
  ExecutedSystem executed = description(setup, summary, digest, ranks, by.gpu);
  nlohmann::ordered_json findings{{"answers_fnv1a64", digest_text(digest)}};
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
                              .fleet = system.activity(),
                              .notes = notes_on(setup),
                              .executed = executed};
  RunResult result =
      outputs.result(given, by.gpu.empty() ? Method::measured_host : Method::measured_device,
                     executed_configuration(given, setup, outcome, system.weight_bytes(),
                                            by.gpu.empty() ? "cpu" : by.gpu),
                     outcome.summary, std::move(provenance));
  if (setup.ranks() > 1) {
    findings["ranks"] = {{"transport", ranks.transport},
                         {"all_reduces", ranks.all_reduces},
                         {"wire_bytes", ranks.wire_bytes}};
  }
  result.findings = std::move(findings);
  result.not_measured.push_back(
      by.gpu.empty()
          ? NotMeasured{.what = "gpu", .reason = "executed on this host: its cores stand for GPUs"}
          : NotMeasured{.what = "kernels", .reason = "device time of a step is not taken apart"});
  outputs.finish(given, outcome, result, records);
  observers.finish(given);
}

// The ranks of a process among several: part of one replica; on the first process, which plans for
// all replicas, those of the others besides.
class ProcessPlace {
 public:
  ProcessPlace(const CpuSetup& setup, Communicator& world) : world_(world) {
    const int each = setup.ranks_of_replica(), first = world.rank() / each * each;
    std::vector<int> members(static_cast<std::size_t>(each));
    std::iota(members.begin(), members.end(), first);
    if (setup.replicas() > 1) {
      replica_ = std::make_unique<SubsetCommunicator>(world, std::move(members));
    }
    own_ = std::make_unique<ProcessRanks>(replica_ ? *replica_ : world, setup.threads_of_each());
    if (world.rank() != 0) return;
    for (int leader = each; leader < world.size(); leader += each) {
      remote_.push_back(
          std::make_unique<RemoteReplica>(world, leader, each, setup.threads_of_each()));
    }
  }

  // Does what the first process, or the first of this one's replica, orders.
  void serve_others(const CpuSetup& setup) {
    serving_ = true;
    own_->leads() ? lead_replica(world_, *own_, model_plans(setup))
                  : own_->follow(model_plans(setup));
    serving_ = false;
  }
  std::vector<RankGroup*> replicas() {
    std::vector<RankGroup*> all = {own_.get()};
    for (const auto& replica : remote_) all.push_back(replica.get());
    return all;
  }
  // Others may wait for a message of this process.
  bool in_step() const {
    return serving_ || own_->in_step() ||
           std::any_of(remote_.begin(), remote_.end(),
                       [](const auto& replica) { return replica->in_step(); });
  }

 private:
  Communicator& world_;
  std::unique_ptr<Communicator> replica_;  // where that is not the world
  std::unique_ptr<ProcessRanks> own_;
  std::vector<std::unique_ptr<RemoteReplica>> remote_;
  bool serving_ = false;
};

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
  ProcessPlace place(setup, world.communicator());
  try {
    if (world.rank() != 0) return place.serve_others(setup);
    replay_setup(given, serving, setup, keeper, {.ranks = place.replicas(), .gpu = ""});
  } catch (const std::exception& error) {
    if (!place.in_step()) throw;
    // The others wait for this rank's part: the launcher ends them.
    std::cerr << "error: rank " << world.rank() << ": " << error.what() << "\n" << std::flush;
    std::_Exit(static_cast<int>(ExitCode::failed));
  }
}

void refuse_on_gpu(const ReplayArguments& given, const CpuSetup& setup) {
  const auto refuse = [](const std::string& place, const std::string& what) {
    throw Error(place, what, "a dense model in bf16 is executed, on one GPU",
                "leave it out, or --system cpu");
  };
  if (given.cpu.compare_model) refuse("--compare-model", "with --system cuda");
  if (given.cpu.slice) refuse("--slice", "with --system cuda");
  if (given.cpu.kernels != "fast") refuse("--kernels " + given.cpu.kernels, "with --system cuda");
  for (const ModelPlan& plan : model_plans(setup)) {
    if (const std::string what = cuda_decoder_refusal(plan); !what.empty()) {
      refuse("--system cuda", what + " are not executed on the GPU yet");
    }
  }
}

void replay_on_gpu(const ReplayArguments& given, const ServingOptions& serving,
                   RecordKeeper& keeper) {
  if (const std::string& reason = cuda_unusable(); !reason.empty()) {
    throw Error("--system cuda", reason, "needs an NVIDIA GPU and its driver",
                "inferbench doctor says what is missing; --system cpu needs none");
  }
  CudaGpu gpu;
  const CpuSetup setup = setup_of(given, serving, false, gpu.free_memory());
  refuse_on_gpu(given, setup);
  gpu.use_threads(setup.threads);
  replay_setup(given, serving, setup, keeper, {.ranks = {&gpu}, .gpu = gpu.name()});
}

// Replicas in other processes compute at the same time, each for a thread of the first one.
bool wants_replicas(const ReplayArguments& given) {
  const std::string& text = given.system.parallel_text;
  return !text.empty() && parse_parallel(text).dp > 1;
}

}  // namespace

void replay_on_cpu(const ReplayArguments& given) {
  const ServingOptions serving = given.serving_on_cpu();
  given.summary({}, {});  // an SLO that cannot be read is found before the weights are packed
  RecordKeeper keeper;
  if (given.cpu.on_gpu()) return replay_on_gpu(given, serving, keeper);
  std::optional<MpiWorld> world;
  if (launched_by_mpi()) world.emplace(wants_replicas(given));
  if (given.cpu.slice) {
    if (world && world->size() > 1) {
      throw Error("--slice", "under mpirun", "a slice is one rank, executed alone",
                  "start it without mpirun");
    }
    return replay_slice(given, serving, setup_of(given, serving, false), keeper);
  }
  if (world && world->size() > 1) return replay_among_processes(given, serving, *world, keeper);
  replay_setup(given, serving, setup_of(given, serving, false), keeper, {});
}

}  // namespace inferbench
