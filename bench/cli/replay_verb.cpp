#include <CLI/CLI.hpp>
#include <algorithm>
#include <iostream>
#include <memory>
#include <nlohmann/json.hpp>

#include "bench/cli/replay_options.hpp"
#include "bench/cli/replay_report.hpp"
#include "bench/cli/sweep_profile.hpp"
#include "bench/cli/verbs.hpp"
#include "harness/metrics/kv_memory.hpp"
#include "harness/metrics/summarize.hpp"
#include "harness/replay/record_sinks.hpp"
#include "harness/replay/staged_system.hpp"
#include "results/configuration.hpp"
#include "results/exporters/export.hpp"
#include "results/request_records.hpp"
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
  out["scheduler"] = {{"name", outcome.serving.scheduler},
                      {"step_tokens", outcome.limits.step_tokens.count()},
                      {"max_batch", outcome.limits.max_batch},
                      {"block_tokens", outcome.limits.block_tokens.count()},
                      {"kv_blocks", outcome.limits.kv_blocks},
                      {"kv_memory", kv_json(outcome.limits.kv)},
                      {"watermark", outcome.limits.watermark},
                      {"steps_in_flight", outcome.limits.steps_in_flight},
                      {"attention_ranks", outcome.limits.attention_ranks},
                      {"router", outcome.serving.router}};
  out["scheduler"].update(policy_json(outcome.serving));
  if (outcome.serving.cut) {
    out["scheduler"]["cut_ns"] = outcome.serving.cut->time_since_epoch().count();
  }
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

// Opened before the run: a place that cannot be written is found now.
struct Outputs {
  std::unique_ptr<OutputFile> json;
  std::unique_ptr<RecordWriter> records;

  explicit Outputs(const ReplayArguments& given) {
    if (given.json == "-" && given.records == "-") {
      throw Error("--records", "stdout is taken by --json -", "one of the two can be piped");
    }
    if (!given.json.empty()) json = std::make_unique<OutputFile>(given.json);
    if (!given.records.empty()) records = std::make_unique<RecordWriter>(given.records);
  }
};

std::string file_name(const std::string& path) {
  return path.substr(path.find_last_of('/') + 1);
}

RunResult result_of(const ReplayArguments& given, const ReplayOutcome& outcome,
                    Provenance provenance, Outputs& outputs) {
  if (outputs.records && given.records != "-") provenance.records_file = file_name(given.records);
  std::optional<RecordsReference> records;
  if (outputs.records) records = outputs.records->commit();
  finish(provenance);
  RunResult result = make_run_result(Method::modelled, configuration(given, outcome),
                                     outcome.summary, std::move(provenance));
  result.records = records;
  return result;
}

void print(const ReplayArguments& given, const ReplayOutcome& outcome, const RunResult& result,
           std::span<const RequestRecord> records) {
  if (given.console.empty()) {
    std::cout << replay_report(outcome);
    return;
  }
  const Export console = export_vllm_console(result, records, {});
  std::cout << console.text;
  for (const std::string& note : console.notes) std::cerr << "note: " << note << "\n";
  std::cerr << "note: modelled times, no GPU ran\n";
}

void refuse_console(const ReplayArguments& given) {
  if (given.console.empty() || given.console == "vllm") return;
  throw unknown_name("--console", "report", given.console, {"vllm"});
}

void run_replay(const ReplayArguments& given) {
  refuse_console(given);
  const CostProfile profile = chosen_profile(given);
  const Deployment deployment = given.fleet.entry(given.system).deployment();
  ServingOptions serving = given.serving();
  given.summary({}, {});  // an SLO that cannot be read is found before the trace is
  std::optional<StageGraph> stages;
  if (!given.fleet.stages.empty()) stages = read_stage_graph(given.fleet.stages);
  DeployedSystem(deployment, profile, serving);  // so is a system that cannot serve
  Outputs outputs(given);
  Provenance provenance = start_provenance(given.workload.options.seed);
  const auto source = open_source(given.workload.spec, given.workload.options);
  if (serving.kv.options.prefix_cache) serving.kv.options.hash_tokens = source->info().block_tokens;
  DeployedSystem system(deployment, profile, serving);

  RecordList list;
  std::vector<RecordSink*> sinks = {&list};
  if (outputs.records) sinks.push_back(outputs.records.get());
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
  const RunResult result = result_of(given, outcome, std::move(provenance), outputs);
  if (outputs.json) write_run_result(result, *outputs.json);
  if (given.json != "-" && given.records != "-") print(given, outcome, result, records);
}

}  // namespace

void add_replay_verb(CLI::App& program, VerbContext& /*context*/) {
  CLI::App* verb = program.add_subcommand(
      "replay", "run a workload through a deployment in modelled time: TTFT, TPOT, tokens/s/GPU");
  const auto arguments = std::make_shared<ReplayArguments>();
  add_system_options(*verb, arguments->system, SystemScope::deployment);
  add_workload_options(*verb, arguments->workload);
  add_profile_options(*verb, *arguments);
  add_replay_options(*verb, *arguments);
  verb->callback([arguments] { run_replay(*arguments); });
}

}  // namespace inferbench
