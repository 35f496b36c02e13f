#include "bench/cli/sweep_methods.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "bench/cli/sweep_profile.hpp"
#include "bench/cli/sweep_replay.hpp"
#include "bench/cli/sweep_slices.hpp"
#include "harness/base/error.hpp"
#include "harness/base/text_table.hpp"
#include "harness/plan/chunk_grid.hpp"
#include "harness/plan/memory.hpp"
#include "harness/sweep/run_sweep.hpp"
#include "results/configuration.hpp"

namespace inferbench {
namespace {

using Json = nlohmann::ordered_json;

std::string memory_rule(const SweepSystem& s) {
  if (const auto* claims = std::get_if<ClaimsParameters>(&s.profile.parameters)) {
    return significant(claims->usable_memory * 100) + " % of " + human_bytes(s.gpu.memory.count()) +
           ", less " + human_bytes(claims->memory_reserve.count()) + " (rule of profile " +
           s.profile.name + ")";
  }
  return human_bytes(memory_available(s.gpu, s.budget).count()) + " per GPU, of which " +
         human_bytes(s.budget.runtime_reserve.count()) + " for the runtime";
}

SweepPlan plan_steady(const SweepOptions& options) {
  if (!options.replay.workload.spec.empty() || !options.replay.slo.empty()) {
    throw Error(options.replay.slo.empty() ? "--workload" : "--slo", "does not apply",
                "--method steady is a closed form over --isl and --osl",
                "add --method replay, or use --max-ttft and --min-tps-user");
  }
  SweepPlan plan;
  plan.system = sweep_system(options);
  const SweepSystem& s = plan.system;
  const auto configs = sweep_configs(options, s);
  refuse_idle_changes(options, s.model, configs);
  const auto chunks = sweep_chunks(options);
  const Traffic traffic{.isl = Tokens(options.isl), .osl = Tokens(options.osl)};
  plan.method = std::make_unique<SteadyMethod>(s, traffic);
  plan.tasks = sweep_tasks(configs, chunks);
  plan.about = {s.model.name + " in " + label(s.precision) + " on " +
                    std::to_string(*options.system.gpus) + " " + s.gpu.name + ", " +
                    with_commas(options.isl) + " tokens in, " + with_commas(options.osl) + " out",
                "steady in-flight batching in closed form, cost profile " + s.profile.name + " (" +
                    s.profile.formulation() + " formulation); modelled, no queueing",
                "memory: " + memory_rule(s)};
  Json configuration = sweep_configuration(options, s, configs, chunks);
  configuration["isl_tokens"] = options.isl;
  configuration["osl_tokens"] = options.osl;
  plan.configuration = std::make_shared<Json>(std::move(configuration));
  return plan;
}

}  // namespace

const std::vector<SweepMethodEntry>& sweep_methods() {
  static const std::vector<SweepMethodEntry> methods = {
      {"steady", "closed form, one point per configuration and chunk size", {}, plan_steady},
      {"replay", "a workload replayed per configuration, chunk size and load",
       add_replay_sweep_options, plan_replay},
      {"two-stage", "closed form first, then a replay of what can matter", add_two_stage_options,
       plan_two_stage},
      {"slices", "kernels of rank slices measured on this host, collectives modelled",
       add_slices_sweep_options, plan_slices},
  };
  return methods;
}

const SweepMethodEntry& find_sweep_method(const std::string& name) {
  std::vector<std::string> names;
  for (const SweepMethodEntry& entry : sweep_methods()) {
    if (entry.name == name) return entry;
    names.push_back(entry.name);
  }
  throw unknown_name("--method", "sweep method", name, names, "inferbench sweep --help");
}

SweepSystem sweep_system(const SweepOptions& options) {
  SweepSystem s;
  s.model = options.system.model();
  s.gpu = options.system.gpu();
  s.profile = chosen_profile(options);
  s.precision = options.system.precision_text.empty() ? default_precision(s.profile, s.model, s.gpu)
                                                      : options.system.precision(s.model, s.gpu);
  s.budget = options.system.budget();
  return s;
}

std::vector<ParallelConfig> sweep_configs(const SweepOptions& options, const SweepSystem& s) {
  const PlanRules rules = options.rules.rules(s.model, s.gpu, s.precision, s.budget);
  auto configs = allowed_configs(*options.system.gpus, rules, s.model);
  if (configs.empty()) {
    throw Error("--gpus", std::to_string(*options.system.gpus) + " GPUs",
                "no configuration of them passes the rules",
                "`inferbench plan` with the same options says which rule rejects which");
  }
  return configs;
}

std::vector<Tokens> sweep_chunks(const SweepOptions& options) {
  if (options.chunks.empty()) return chunk_sizes();
  std::vector<Tokens> chunks;
  for (const std::int64_t chunk : options.chunks) {
    if (chunk < 1) throw Error("--chunks", std::to_string(chunk), "expected tokens >= 1");
    chunks.emplace_back(chunk);
  }
  std::sort(chunks.begin(), chunks.end());
  chunks.erase(std::unique(chunks.begin(), chunks.end()), chunks.end());
  return chunks;
}

Json sweep_configuration(const SweepOptions& options, const SweepSystem& s,
                         const std::vector<ParallelConfig>& configs,
                         const std::vector<Tokens>& chunks) {
  Json json = {{"method", options.method},
               {"model", s.model.name},
               {"gpu", s.gpu.name},
               {"gpus", *options.system.gpus},
               {"domain_gpus", s.gpu.domain_size},
               {"precision", precision_json(s.precision)},
               {"cost_profile", s.profile.name},
               {"formulation", s.profile.formulation()}};
  put_profile_changes(json, options);
  json["memory_rule"] = memory_rule(s);
  if (s.budget.offload.active()) json["offload"] = label(s.budget.offload);
  if (s.budget.lora) json["lora"] = label(*s.budget.lora);
  json["configurations"] = Json::array();
  for (const ParallelConfig& config : configs) json["configurations"].push_back(label(config));
  json["chunk_tokens"] = Json::array();
  for (const Tokens chunk : chunks) json["chunk_tokens"].push_back(chunk.count());
  return json;
}

}  // namespace inferbench
