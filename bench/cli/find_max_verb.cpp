#include <CLI/CLI.hpp>
#include <iostream>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>

#include "bench/cli/find_max_report.hpp"
#include "bench/cli/kv_options.hpp"
#include "bench/cli/plan_rule_options.hpp"
#include "bench/cli/policy_options.hpp"
#include "bench/cli/sweep_interrupt.hpp"
#include "bench/cli/sweep_profile.hpp"
#include "bench/cli/system_options.hpp"
#include "bench/cli/verbs.hpp"
#include "bench/cli/workload_options.hpp"
#include "harness/base/error.hpp"
#include "harness/base/output_file.hpp"
#include "harness/base/text_table.hpp"
#include "harness/replay/router.hpp"
#include "harness/sweep/find_max_json.hpp"
#include "harness/sweep/run_sweep.hpp"
#include "results/configuration.hpp"
#include "results/run_result.hpp"
#include "workloads/load.hpp"

namespace inferbench {
namespace {

using Json = nlohmann::ordered_json;

const std::vector<std::int64_t> kSearchChunks = {128, 256, 512, 1024, 2048, 4096, 8192, 16384};

struct FindMaxArguments {
  SystemOptions system;
  RuleOptions rules;
  WorkloadArguments workload;
  ProfileArguments profile;
  PolicyArguments policy;
  KvArguments kv;
  std::string router = ServingOptions{}.router;
  std::int64_t max_batch = ServingOptions{}.max_batch;
  std::int64_t block_tokens = ServingOptions{}.block_tokens.count();
  std::vector<std::int64_t> chunks;
  std::string slo, stopping = "early", json;
  bool users = false;
  double margin = 0.25;
  std::size_t rows = 12;
  FindMaxOptions search;
};

// The search sets the load; an option that sets it too would be ignored.
void refuse_loads(const FindMaxArguments& given) {
  const WorkloadOptions& options = given.workload.options;
  if (options.rate || options.concurrency) {
    throw Error(options.rate ? "--rate" : "--concurrency", "does not apply",
                "find-max looks for the load itself",
                "use --from and --to for its bounds, --users for a closed loop");
  }
}

Stopping stopping_named(const std::string& text) {
  if (text == "early") return Stopping::early;
  if (text == "certain") return Stopping::certain;
  throw unknown_name("--stopping", "rule", text, {"early", "certain"});
}

SweepSystem system_of(const FindMaxArguments& given) {
  SweepSystem s;
  s.model = given.system.model();
  s.gpu = given.system.gpu();
  s.profile = chosen_profile(given.profile);
  s.precision = given.system.precision_text.empty() ? default_precision(s.profile, s.model, s.gpu)
                                                    : given.system.precision(s.model, s.gpu);
  s.budget = given.system.budget();
  return s;
}

// One deployment, or with --gpus and no --parallel every configuration of so many GPUs.
std::vector<ParallelConfig> configs_of(const FindMaxArguments& given, const SweepSystem& s) {
  if (!given.system.gpus || !given.system.parallel_text.empty()) {
    return {given.system.deployment().parallel};
  }
  const PlanRules rules = given.rules.rules(s.model, s.gpu, s.precision, s.budget);
  auto configs = allowed_configs(*given.system.gpus, rules, s.model);
  if (configs.empty()) {
    throw Error("--gpus", std::to_string(*given.system.gpus) + " GPUs",
                "no configuration of them passes the rules",
                "`inferbench plan` with the same options says which rule rejects which");
  }
  return configs;
}

std::vector<Tokens> chunks_of(const FindMaxArguments& given, bool search) {
  std::vector<std::int64_t> sizes = given.chunks;
  if (sizes.empty()) sizes = search ? kSearchChunks : std::vector<std::int64_t>{2048};
  std::vector<Tokens> chunks;
  for (const std::int64_t size : sizes) {
    if (size < 1) throw Error("--chunks", std::to_string(size), "expected tokens >= 1");
    if (std::find(chunks.begin(), chunks.end(), Tokens(size)) == chunks.end()) {
      chunks.emplace_back(size);
    }
  }
  return chunks;
}

ReplaySweep sweep_of(const FindMaxArguments& given) {
  ReplaySweep sweep;
  if (given.slo.empty()) {
    throw Error("--slo", "is missing", "it says which load counts as met",
                "e.g. --slo ttft_p99=2s,tpot_p99=50ms; `inferbench list slos` shows named ones");
  }
  sweep.slo = parse_slo(given.slo);
  sweep.workload =
      std::make_shared<const Workload>(load_workload(given.workload.spec, given.workload.options));
  sweep.offer = given.workload.options;
  sweep.load = given.users ? LoadKind::users : LoadKind::rate;
  given.policy.apply(sweep.serving, given.workload.options.seed);
  sweep.serving.router = given.router;
  sweep.serving.max_batch = given.max_batch;
  sweep.serving.block_tokens = Tokens(given.block_tokens);
  sweep.serving.kv = kv_serving(given.kv, sweep.workload->block_tokens, sweep.serving.block_tokens);
  if (!given.users && !traffic_means(*sweep.workload).rate) {
    throw Error("--workload", "all requests of " + sweep.workload->name + " arrive at once",
                "a rate is looked for by moving arrivals apart",
                "add --users for a closed loop, or use poisson:rate=1,isl=...,osl=...");
  }
  return sweep;
}

Json configuration_of(const FindMaxArguments& given, const SloProbe& probe,
                      const std::vector<SweepTask>& tasks) {
  const SweepSystem& s = probe.system();
  Json json = {{"method", "find-max"},
               {"model", s.model.name},
               {"gpu", s.gpu.name},
               {"gpus", tasks.front().parallel.gpus()},
               {"precision", precision_json(s.precision)},
               {"cost_profile", s.profile.name}};
  put_profile_changes(json, given.profile);
  json["workload"] = workload_options_json(given.workload.spec, given.workload.options);
  json["load_unit"] = given.users ? "users" : "requests_per_s";
  json["slo"] = given.slo;
  json["scheduler"] = given.policy.scheduler;
  json.update(policy_json(probe.sweep().serving));
  json["router"] = given.router;
  json["max_batch"] = given.max_batch;
  json["block_tokens"] = given.block_tokens;
  json["kv_memory"] = kv_json(given.kv);
  json["watermark"] = probe.sweep().serving.watermark;
  json["resolution"] = given.search.resolution;
  json["capacity_margin"] = given.margin;
  json["stopping"] = given.stopping;
  json["confidence"] = 0.99;
  json["exhaustive"] = given.search.exhaustive;
  if (given.search.lowest) json["lowest_load"] = *given.search.lowest;
  if (given.search.highest) json["highest_load"] = *given.search.highest;
  return json;
}

Validity validity_of(const FindMaxResult& result) {
  Validity validity;
  const auto add = [&](const char* id, std::string text, bool invalidates) {
    validity.reasons.push_back({.id = id, .text = std::move(text), .invalidates = invalidates});
    validity.valid = validity.valid && !invalidates;
  };
  if (result.interrupted) add("interrupted", "interrupted: the search was not finished", true);
  if (!result.violations.empty()) {
    add("not_monotone", "a load was missed although a higher one was met", false);
  }
  if (!result.best && !result.interrupted) add("slo_not_met", "no load meets the SLO", false);
  return validity;
}

void write_json(OutputFile& file, Json configuration, const FindMaxResult& result,
                Provenance provenance) {
  Json points = Json::array();
  for (const SearchedTask& task : result.tasks) points.push_back(searched_task_json(task));
  finish(provenance);
  write_run_result(
      make_sweep_result(Method::modelled, std::move(configuration), std::move(points),
                        find_max_findings_json(result), validity_of(result), std::move(provenance)),
      file);
}

void run_find_max(FindMaxArguments given, VerbContext& context) {
  refuse_loads(given);
  given.search.stopping = stopping_named(given.stopping);
  if (!(given.margin >= 0)) {
    throw Error("--margin", significant(given.margin), "expected a share >= 0", "0.25 is 25 %");
  }
  ReplaySweep sweep = sweep_of(given);
  const SweepSystem system = system_of(given);
  const auto configs = configs_of(given, system);
  refuse_idle_changes(given.profile, system.model, configs);
  const SloProbe probe(system, std::move(sweep), given.margin);
  const auto tasks = sweep_tasks(configs, chunks_of(given, configs.size() > 1));
  std::optional<OutputFile> file;
  if (!given.json.empty()) file.emplace(given.json);
  Provenance provenance = start_provenance(given.workload.options.seed);

  const InterruptGuard interrupt;
  given.search.stop = [] { return InterruptGuard::requested(); };
  const FindMaxResult result = find_max(probe, tasks, given.search);
  if (!result.best) context.exit_code = ExitCode::failed;
  if (result.interrupted) context.exit_code = kInterruptedExit;
  if (file) {
    write_json(*file, configuration_of(given, probe, tasks), result, std::move(provenance));
    if (file->is_stdout()) return;
  }
  const Workload& workload = *probe.sweep().workload;
  std::cout << find_max_report(result, probe, given.search, given.rows) << "\n"
            << system.model.name << " in " << label(system.precision) << " on "
            << tasks.front().parallel.gpus() << " " << system.gpu.name << ", " << workload.name
            << ", " << with_commas(static_cast<long long>(workload.requests.size()))
            << " requests\nmodelled, cost profile " << system.profile.name
            << ": no GPU ran; scheduler " << given.policy.scheduler << "\n";
}

void add_search_options(CLI::App& verb, FindMaxArguments& given) {
  const auto add = [&](const char* name, auto& value, const std::string& help) {
    return verb.add_option(name, value, help)->group("Search");
  };
  add("--slo", given.slo, "ttft_p99=2s,tpot_p99=50ms or a name of `inferbench list slos`");
  verb.add_flag("--users", given.users, "look for concurrent users in closed loop, not a rate")
      ->group("Search");
  add("--from", given.search.lowest, "lowest load to try (default: chosen)");
  add("--to", given.search.highest, "highest load to try (default: chosen)");
  add("--resolution", given.search.resolution, "how near the answer and the next load missed lie")
      ->capture_default_str();
  add("--chunks", given.chunks,
      "chunk sizes (default: 2048 for one deployment, 128 to 16384 for --gpus)")
      ->delimiter(',');
  verb.add_flag("--exhaustive", given.search.exhaustive,
                "every configuration's own maximum; nothing is beaten or pruned by another")
      ->group("Search");
  add("--stopping", given.stopping,
      "early: a probe ends when its verdict is certain at 99 %; certain: on exactly these requests")
      ->capture_default_str();
  add("--margin", given.margin, "loads above (1 + margin) x the steady capacity are not tried")
      ->capture_default_str();
  add("--threads", given.search.threads, "threads, 0: all cores (results do not depend on it)");
}

void add_serving_options(CLI::App& verb, FindMaxArguments& given) {
  const auto add = [&](const char* name, auto& value, const std::string& help) {
    verb.add_option(name, value, help)->group("Serving")->capture_default_str();
  };
  add_policy_options(verb, given.policy, "Serving");
  add("--router", given.router, "between DP replicas: " + joined(router_names()));
  add("--max-batch", given.max_batch, "running requests per attention rank");
  add("--block-tokens", given.block_tokens, "tokens per KV block");
  add_kv_options(verb, given.kv);
}

}  // namespace

void add_find_max_verb(CLI::App& program, VerbContext& context) {
  CLI::App* verb = program.add_subcommand(
      "find-max", "the highest request rate, or --users, that meets an SLO; over a sweep too");
  const auto given = std::make_shared<FindMaxArguments>();
  add_system_options(*verb, given->system, SystemScope::deployment);
  add_workload_options(*verb, given->workload);
  add_profile_options(*verb, given->profile);
  add_search_options(*verb, *given);
  add_serving_options(*verb, *given);
  add_rule_options(*verb, given->rules);
  verb->add_option("--rows", given->rows, "most rows of the table (default 12)");
  verb->add_option("--json", given->json, "write the result with every probe; - is stdout");
  verb->callback([given, &context] { run_find_max(*given, context); });
}

}  // namespace inferbench
