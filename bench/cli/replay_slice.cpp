#include "bench/cli/replay_slice.hpp"

#include <nlohmann/json.hpp>
#include <utility>

#include "bench/cli/executed_run.hpp"
#include "bench/cli/replay_observers.hpp"
#include "bench/cli/replay_outputs.hpp"
#include "bench/cli/sweep_profile.hpp"
#include "harness/base/error.hpp"
#include "harness/base/text_table.hpp"
#include "harness/metrics/kv_memory.hpp"
#include "harness/metrics/step_time.hpp"
#include "harness/metrics/summarize.hpp"
#include "harness/replay/record_sinks.hpp"
#include "harness/slices/slice_system.hpp"
#include "results/configuration.hpp"
#include "results/host_info.hpp"
#include "workloads/load.hpp"

namespace inferbench {
namespace {

using Json = nlohmann::ordered_json;

// The deployment that the slice is of, on the GPUs that its links are of. Not placed: whether it
// fits there is `plan`'s question.
Deployment links_of(const ReplayArguments& given, const CpuSetup& setup,
                    const CostProfile& profile) {
  Deployment links;
  links.model = setup.model;
  links.parallel = setup.parallel;
  if (given.system.gpu_name.empty()) {
    if (setup.parallel.replica_gpus() == 1) return links;
    throw Error("--gpu", "is missing",
                "collectives between the ranks of " + label(setup.parallel) +
                    " are modelled on a GPU's links",
                "--gpu h100 (`inferbench list gpus`)");
  }
  links.gpu = given.system.gpu();
  links.precision = given.system.precision_text.empty()
                        ? default_precision(profile, setup.model, links.gpu)
                        : given.system.precision(setup.model, links.gpu);
  return links;
}

const OpsParameters& parameters_of(const CostProfile& profile) {
  if (const auto* ops = std::get_if<OpsParameters>(&profile.parameters)) return *ops;
  throw Error("--profile", profile.name + " is of the claims formulation",
              "slices are composed op by op", "use --profile default");
}

bool whole_model(const CpuSetup& setup) {
  return setup.parallel == ParallelConfig{} && setup.shape.sampled.empty();
}

std::string share_text(double share) {
  return fixed(100 * share, 1) + " %";
}

std::string position_text(const Slice& slice) {
  const ParallelConfig& p = slice.parallel;
  std::string text;
  const auto add = [&](const char* name, std::int64_t at, std::int64_t degree) {
    if (degree == 1) return;
    text += std::string(text.empty() ? "" : ", ") + name + " " + std::to_string(at + 1) + " of " +
            std::to_string(degree);
  };
  add("TP rank", slice.position.tp, p.tp);
  add("EP rank", slice.position.ep, p.ep);
  add("stage", slice.position.pp, p.pp);
  add("replica", slice.position.dp, p.dp);
  return text.empty() ? "the whole model" : text;
}

std::string layers_text(const SliceSystem& system, const CpuSetup& setup) {
  const Slice& slice = *setup.slice;
  const auto executed = static_cast<std::int64_t>(slice.layers.size());
  std::string text = std::to_string(executed) + " layers executed of the " +
                     std::to_string(slice.own_layers) + " of its stage and the " +
                     std::to_string(setup.model.layers) + " of the model";
  if (executed < setup.model.layers) text += ", the others by their mean";
  return text + "; layers of a kind differ from their mean by up to " +
         share_text(system.layer_spread());
}

Json slice_json(const CpuSetup& setup, const Deployment& links, const std::string& profile) {
  const Slice& slice = *setup.slice;
  Json json = {{"rank", slice.rank},           {"tp", slice.position.tp},
               {"ep", slice.position.ep},      {"stage", slice.position.pp},
               {"replica", slice.position.dp}, {"why", slice.why},
               {"layers", slice.layers},       {"stage_layers", slice.own_layers}};
  if (!links.gpu.name.empty()) {
    json["links"] = {{"gpu", links.gpu.name},
                     {"domain_gpus", links.gpu.domain_size},
                     {"precision", precision_json(links.precision)},
                     {"cost_profile", profile}};
  }
  return json;
}

ExecutedSystem emulated_system(const CpuSetup& setup, const Deployment& links,
                               const SliceSystem& system) {
  const std::string cpu = read_host_info().cpu;
  const TimeShares& shares = system.shares();
  const bool linked = !links.gpu.name.empty();
  ExecutedSystem out;
  out.verdict = "emulated replay, one rank executed on this host";
  out.precision = executed_precision(setup);
  out.system =
      label(setup.parallel) + ", each GPU as fast as this host: " + std::to_string(setup.threads) +
      (setup.threads == 1 ? " thread" : " threads") + (cpu.empty() ? "" : " of " + cpu) +
      (linked
           ? "; links of " + links.gpu.name + ", domain of " + std::to_string(links.gpu.domain_size)
           : "");
  out.times = "emulated: " + share_text(1 - shares.modelled_share()) +
              " of the steps' time measured, " + share_text(shares.modelled_share()) +
              " modelled (exposed collectives); arrivals simulated";
  out.closing = {"Slice: rank " + std::to_string(setup.slice->rank) + " (" +
                     position_text(*setup.slice) + "), " + setup.slice->why + ".",
                 "Layers: " + layers_text(system, setup) + "."};
  if (whole_model(setup)) {
    out.closing.push_back("Answers: fnv1a64 " + digest_text(system.executor(0).answers_digest()) +
                          ".");
  }
  return out;
}

std::vector<std::string> notes_on_slice(const CpuSetup& setup) {
  std::vector<std::string> notes = {
      "collectives and nothing else are modelled; parts under --decompose are measured but for "
      "them"};
  if (setup.parallel.ep > 1) {
    notes.emplace_back(
        "expert ranks run in lock-step: of each step the busiest attention rank is executed, with "
        "the rows of the busiest experts' rank");
  }
  if (setup.parallel.pp > 1) {
    notes.emplace_back("stages are composed of this slice's layers, embedding and LM head");
  }
  if (!whole_model(setup)) {
    notes.emplace_back("a part of a model is computed: texts mean nothing, speeds do");
  }
  return notes;
}

Json findings_of(const CpuSetup& setup, const SliceSystem& system) {
  const TimeShares& shares = system.shares();
  Json findings = {{"emulated",
                    {{"measured_seconds", shares.measured.count()},
                     {"modelled_seconds", shares.modelled.count()},
                     {"modelled_share", shares.modelled_share()},
                     {"layer_spread", system.layer_spread()}}}};
  if (whole_model(setup)) {
    findings["answers_fnv1a64"] = digest_text(system.executor(0).answers_digest());
  }
  return findings;
}

Summary summary_of(const ReplayArguments& given, const CpuSetup& setup, const SliceSystem& system,
                   std::span<const RequestRecord> records,
                   std::optional<std::int64_t> concurrency) {
  const std::int64_t gpus = setup.parallel.gpus();
  Summary summary = summarize(
      records, given.summary({.total = gpus, .prefill = gpus, .decode = gpus}, concurrency));
  const std::vector<ReplicaStats> replicas = system.stats();
  for (auto* metrics : {&kv_memory_metrics, &step_time_metrics}) {
    for (ScalarMetric& metric : metrics(replicas)) summary.scalars.push_back(std::move(metric));
  }
  return summary;
}

}  // namespace

void replay_slice(const ReplayArguments& given, const ServingOptions& serving, CpuSetup setup,
                  RecordKeeper& keeper) {
  const CostProfile profile = chosen_profile(given);
  refuse_idle_changes(given, setup.model, std::span(&setup.parallel, 1));
  const OpsParameters& parameters = parameters_of(profile);
  const Deployment links = links_of(given, setup, profile);
  ReplayObservers observers(given);
  setup.serving.observer = observers.observer();
  ReplayOutputs outputs(given);
  keeper.keep(outputs, given.records);
  Provenance provenance = start_provenance(given.workload.options.seed);
  const auto source = open_source(given.workload.spec, given.workload.options);
  SliceSystem system(setup, links, parameters, source->info().block_tokens);

  RecordList list;
  std::vector<RecordSink*> sinks = {&list, &keeper};
  observers.listen(sinks);
  RecordFan fan(sinks);
  system.serve(*source, fan);
  keeper.done();

  const std::vector<RequestRecord> records = list.take_by_id();
  const WorkloadInfo info = source->info();
  Deployment deployment;
  deployment.model = setup.model;
  deployment.parallel = setup.parallel;
  const ReplayOutcome outcome{
      .deployment = std::move(deployment),
      .workload = info,
      .serving = serving,
      .limits = system.scheduler_options(),
      .profile = "",
      .summary = summary_of(given, setup, system, records, info.concurrency),
      .replicas = system.stats(),
      .fleet = {},
      .notes = notes_on_slice(setup),
      .executed = emulated_system(setup, links, system)};
  Json configuration = executed_configuration(given, setup, outcome, system.weight_bytes());
  configuration["deployment"]["slice"] = slice_json(setup, links, profile.name);
  put_profile_changes(configuration, given);
  RunResult result = outputs.result(given, Method::emulated, std::move(configuration),
                                    outcome.summary, std::move(provenance));
  result.findings = findings_of(setup, system);
  result.not_measured.push_back(
      {.what = "collectives", .reason = "one rank was executed: modelled on the links of a GPU"});
  outputs.finish(given, outcome, result, records);
  observers.finish(given);
}

}  // namespace inferbench
