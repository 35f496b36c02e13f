// Rows that count: parallel configurations, chunk sizes, layers per stage.
#include <algorithm>
#include <nlohmann/json.hpp>

#include "harness/base/error.hpp"
#include "harness/claims/measures/inputs.hpp"
#include "harness/claims/measures/measures.hpp"
#include "harness/plan/chunk_grid.hpp"
#include "harness/plan/enumerate.hpp"
#include "harness/plan/memory.hpp"

namespace inferbench::claims {
namespace {

std::optional<std::int64_t> optional_cap(const JsonObject& rules, const std::string& key) {
  return rules.optional_integer_of({key});
}

PlanRules read_rules(const JsonObject& rules) {
  PlanRules out;
  out.max_tp = optional_cap(rules, "max_tp");
  out.max_ep = optional_cap(rules, "max_ep");
  out.max_pp = optional_cap(rules, "max_pp");
  out.max_tp_ep = optional_cap(rules, "max_tp_ep");
  out.min_replica_gpus = rules.integer("min_replica_gpus", 1);
  out.pp_divides_layers = rules.boolean("pp_divides_layers", false);
  out.tp_divides_heads = rules.boolean("tp_divides_heads", false);
  rules.refuse_unknown();
  return out;
}

std::string labels(const std::vector<ParallelConfig>& configs) {
  std::string text;
  for (const ParallelConfig& config : configs) text += (text.empty() ? "" : ", ") + label(config);
  return text.empty() ? "none" : text;
}

}  // namespace

// Parallel configurations of `gpus` GPUs under "rules"; "only_ep_dp" lists those with TP = PP = 1.
// Without "min_replica_gpus" in the rules, "memory_gb" gives it: replicas hold the weights.
Numbers configurations(const JsonObject& inputs, const World& world) {
  const ModelSpec spec = model(inputs, world);
  PlanRules rules = read_rules(inputs.object("rules"));
  Numbers out;
  if (inputs.has("memory_gb")) {
    const Bytes held(inputs.optional_number("parameters").value_or(total_parameters(spec)) *
                     bytes_per_element(dtype(inputs, "dtype")));
    rules.min_replica_gpus =
        min_gpus({.weights = held, .memory_per_gpu = Bytes(inputs.number("memory_gb") * 1e9)});
    out.set("min_replica_gpus", static_cast<double>(rules.min_replica_gpus));
  }
  const auto configs = allowed_configs(inputs.integer("gpus"), rules, spec);
  out.set("count", static_cast<double>(configs.size()));
  std::vector<ParallelConfig> expert_only;
  std::vector<double> by_replicas;
  for (const ParallelConfig& config : configs) {
    if (config.tp == 1 && config.pp == 1 && config.ep > 1) expert_only.push_back(config);
    by_replicas.push_back(static_cast<double>(config.dp));
  }
  std::sort(by_replicas.begin(), by_replicas.end());
  for (const double dp : {1.0, 2.0, 4.0, 8.0}) {
    out.set("dp" + std::to_string(static_cast<int>(dp)) + "_count",
            static_cast<double>(std::count(by_replicas.begin(), by_replicas.end(), dp)));
  }
  out.set("expert_and_data_only", labels(expert_only));
  out.set("expert_and_data_only_count", static_cast<double>(expert_only.size()));
  return out;
}

// Chunk sizes between 128 and 8,192, and their product with a number of configurations.
Numbers chunk_grid(const JsonObject& inputs, const World&) {
  ChunkGrid grid;
  grid.fine_end = Tokens(inputs.integer("fine_end", grid.fine_end.count()));
  const std::vector<Tokens> sizes = chunk_sizes(grid);
  const double count = static_cast<double>(sizes.size());
  Numbers out;
  out.set("chunks", count);
  out.set("points", count * static_cast<double>(inputs.integer("configurations")));
  out.set("contains_896",
          std::find(sizes.begin(), sizes.end(), Tokens(896)) != sizes.end() ? 1 : 0);
  return out;
}

// How layers fall on pipeline stages.
Numbers layer_split(const JsonObject& inputs, const World& world) {
  const ModelSpec spec = model(inputs, world);
  const std::int64_t stages = inputs.integer("stages");
  if (stages < 1 || stages > spec.layers) {
    inputs.refuse("stages", "is " + std::to_string(stages),
                  "expected 1.." + std::to_string(spec.layers) + ", the layers of " + spec.name);
  }
  std::vector<double> layers;
  for (std::int64_t stage = 0; stage < stages; ++stage) {
    layers.push_back(static_cast<double>(stage_layers(spec, stages, stage).count));
  }
  const auto [low, high] = std::minmax_element(layers.begin(), layers.end());
  Numbers out;
  out.set("layers_per_stage", layers);
  out.set("fewest", *low);
  out.set("most", *high);
  // How much longer the fullest stage takes than an even split would.
  out.set("imbalance", *high * static_cast<double>(stages) / static_cast<double>(spec.layers));
  return out;
}

}  // namespace inferbench::claims
