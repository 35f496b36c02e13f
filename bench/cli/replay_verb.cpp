#include <CLI/CLI.hpp>
#include <algorithm>
#include <memory>
#include <nlohmann/json.hpp>

#include "bench/cli/replay_cpu.hpp"
#include "bench/cli/replay_observers.hpp"
#include "bench/cli/replay_options.hpp"
#include "bench/cli/replay_outputs.hpp"
#include "bench/cli/replay_report.hpp"
#include "bench/cli/sweep_profile.hpp"
#include "bench/cli/verbs.hpp"
#include "harness/metrics/kv_memory.hpp"
#include "harness/metrics/summarize.hpp"
#include "harness/replay/record_sinks.hpp"
#include "harness/replay/staged_system.hpp"
#include "results/configuration.hpp"
#include "results/run_result.hpp"
#include "workloads/load.hpp"

namespace inferbench {
namespace {

nlohmann::ordered_json configuration(const ReplayArguments& given, const ReplayOutcome& outcome) {
  nlohmann::ordered_json workload =
      workload_options_json(given.workload.spec, given.workload.options);
  workload["name"] = outcome.workload.name;
  workload["notes"] = outcome.workload.notes;
  nlohmann::ordered_json out;
  out["deployment"] = deployment_json(outcome.deployment);
  out["workload"] = std::move(workload);
  out["scheduler"] = scheduler_json(outcome);
  if (auto fleet = fleet_json(given.fleet, outcome.serving.fleet); !fleet.empty()) {
    out["fleet"] = std::move(fleet);
  }
  out["cost_profile"] = given.profile;
  put_profile_changes(out, given);
  if (!given.slo.empty()) out["slo"] = given.slo;
  out["seed"] = given.workload.options.seed;
  return out;
}

// What stands in the way of a deployment's memory figures.
std::vector<std::string> notes_on(const ReplayArguments& given, const Deployment& deployment,
                                  const DeployedSystem& system, const Summary& summary) {
  std::vector<std::string> notes = deployment.notes;
  for (std::string& note : kv_notes(system.scheduler_options().kv)) {
    notes.push_back(std::move(note));
  }
  const auto& reasons = summary.outcomes.reasons;
  if (std::any_of(reasons.begin(), reasons.end(),
                  [](const auto& reason) { return reason.first == name(Reason::too_long); })) {
    const bool context = system.longest_sequence() == Tokens(deployment.model.context);
    notes.push_back("rejected: prompt and answer longer than " +
                    std::to_string(system.longest_sequence().count()) + " tokens, " +
                    (context ? "the model's context; --model-context N sets another"
                             : "what the KV cache of one attention rank holds"));
  }
  if (given.step_tokens > given.system.activation_tokens) {
    notes.push_back("steps of " + std::to_string(given.step_tokens) +
                    " tokens are larger than the " +
                    std::to_string(given.system.activation_tokens) +
                    " that activation memory is sized for; see --activation-tokens");
  }
  return notes;
}

// Of both pools, where there are two.
void refuse_idle_changes(const ReplayArguments& given, const Deployment& deployment,
                         const ServingOptions& serving) {
  std::vector<ParallelConfig> configs = {deployment.parallel};
  if (serving.fleet.decode) configs.push_back(serving.fleet.decode->deployment->parallel);
  inferbench::refuse_idle_changes(given, deployment.model, configs);
}

void run_modelled(const ReplayArguments& given) {
  const CostProfile profile = chosen_profile(given);
  const Deployment deployment = given.fleet.entry(given.system).deployment();
  ServingOptions serving = given.serving();
  refuse_idle_changes(given, deployment, serving);
  given.summary({}, {});  // an SLO that cannot be read is found before the trace is
  std::optional<StageGraph> stages;
  if (!given.fleet.stages.empty()) stages = read_stage_graph(given.fleet.stages);
  static_cast<void>(
      DeployedSystem(deployment, profile, serving));  // so is a system that cannot serve
  ReplayOutputs outputs(given);
  Provenance provenance = start_provenance(given.workload.options.seed);
  const auto source = open_source(given.workload.spec, given.workload.options);
  if (serving.kv.options.prefix_cache) serving.kv.options.hash_tokens = source->info().block_tokens;
  ReplayObservers observers(given);
  serving.observer = observers.observer();
  DeployedSystem system(deployment, profile, serving);

  RecordList list;
  std::vector<RecordSink*> sinks = {&list};
  if (outputs.records) sinks.push_back(outputs.records.get());
  observers.listen(sinks);
  RecordFan fan(sinks);
  if (stages) {
    StagedSystem(*stages, system, serving.seed, serving.cut).serve(*source, fan);
  } else {
    system.serve(*source, fan);
  }

  const std::vector<RequestRecord> records = list.take_by_id();
  const WorkloadInfo info = source->info();
  const GpuCounts gpus{
      .total = system.gpus(), .prefill = system.prefill_gpus(), .decode = system.decode_gpus()};
  Summary summary = summarize(records, given.summary(gpus, info.concurrency));
  const std::vector<ReplicaStats> replicas = system.stats();
  for (ScalarMetric& metric : kv_memory_metrics(replicas)) {
    summary.scalars.push_back(std::move(metric));
  }
  std::vector<std::string> notes = notes_on(given, deployment, system, summary);
  const ReplayOutcome outcome{.deployment = deployment,
                              .workload = info,
                              .serving = serving,
                              .limits = system.scheduler_options(),
                              .profile = profile.name + " (" + profile.formulation() + ")",
                              .summary = std::move(summary),
                              .replicas = replicas,
                              .fleet = system.activity(),
                              .notes = std::move(notes)};
  const RunResult result = outputs.result(given, Method::modelled, configuration(given, outcome),
                                          outcome.summary, std::move(provenance));
  outputs.finish(given, outcome, result, records);
  observers.finish(given);
}

}  // namespace

void add_replay_verb(CLI::App& program, VerbContext& /*context*/) {
  CLI::App* verb = program.add_subcommand(
      "replay",
      "run a workload through a deployment in modelled time, or through a model executed on this "
      "host's CPU: TTFT, TPOT, tokens/s/GPU");
  const auto arguments = std::make_shared<ReplayArguments>();
  add_system_options(*verb, arguments->system, SystemScope::deployment);
  add_workload_options(*verb, arguments->workload);
  add_profile_options(*verb, *arguments);
  add_replay_options(*verb, *arguments);
  add_cpu_options(*verb, arguments->cpu);
  verb->get_option("--gpu")->required(false);
  verb->callback([arguments, verb] {
    check_options_of_system(*verb, arguments->cpu);
    refuse_unknown_console(*arguments);
    arguments->cpu.executed() ? replay_on_cpu(*arguments) : run_modelled(*arguments);
  });
}

}  // namespace inferbench
