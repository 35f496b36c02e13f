#include "harness/claims/measures/steady_inputs.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "harness/base/error.hpp"
#include "harness/plan/chunk_grid.hpp"
#include "harness/plan/enumerate.hpp"

namespace inferbench::claims {
namespace {

// Constants that scenarios vary; the rest of a profile stays as shipped.
void change(ClaimsParameters& parameters, const JsonObject& changes) {
  const auto number = [&](const char* key, double& field) {
    field = changes.optional_number(key).value_or(field);
  };
  number("fp4_efficiency", parameters.fp4_efficiency);
  number("fp8_efficiency", parameters.fp8_efficiency);
  number("attention_efficiency", parameters.attention_efficiency);
  number("memory_efficiency", parameters.memory_efficiency);
  number("scale_up_efficiency", parameters.scale_up_efficiency);
  number("scale_out_efficiency", parameters.scale_out_efficiency);
  number("overlap", parameters.overlap);
  number("scale_up_overlap", parameters.scale_up_overlap);
  number("expert_imbalance", parameters.expert_imbalance);
  parameters.in_network_reduction =
      changes.boolean("in_network_reduction", parameters.in_network_reduction);
  parameters.scale_up_latency = Seconds(changes.optional_number("scale_up_latency_us")
                                            .value_or(parameters.scale_up_latency.count() * 1e6) *
                                        1e-6);
  parameters.scale_out_latency = Seconds(changes.optional_number("scale_out_latency_us")
                                             .value_or(parameters.scale_out_latency.count() * 1e6) *
                                         1e-6);
  changes.refuse_unknown();
}

CostProfile read_profile(const JsonObject& inputs, const World& world) {
  CostProfile profile = world.profile(inputs.text("profile"));
  if (!inputs.has("profile_changes")) return profile;
  auto* parameters = std::get_if<ClaimsParameters>(&profile.parameters);
  if (parameters == nullptr) {
    inputs.refuse("profile_changes", "goes with profile " + profile.name,
                  "only profiles of the claims formulation can be changed here");
  }
  change(*parameters, inputs.object("profile_changes"));
  return profile;
}

Precision read_precision(const JsonObject& inputs) {
  Precision precision = claims_precision(dtype(inputs, "weights", DType::fp4));
  precision.kv = dtype(inputs, "kv_dtype", precision.kv);
  precision.activations = dtype(inputs, "all_reduce_dtype", precision.activations);
  precision.combine = dtype(inputs, "combine_dtype", precision.combine);
  return precision;
}

SweepSystem read_system(const JsonObject& inputs, const World& world) {
  SweepSystem system{.model = model(inputs, world),
                     .gpu = gpu(inputs, world),
                     .precision = read_precision(inputs),
                     .profile = read_profile(inputs, world),
                     .budget = {}};
  if (inputs.has("memory_gb")) {
    system.gpu.memory = Bytes(inputs.number("memory_gb") * 1e9);
    system.gpu.usable_memory.reset();
  }
  return system;
}

std::vector<ParallelConfig> read_configs(const JsonObject& inputs, const ModelSpec& model) {
  std::vector<ParallelConfig> configs;
  for (const std::string& text : inputs.texts("configs")) configs.push_back(parse_parallel(text));
  if (!configs.empty()) return configs;
  PlanRules rules;
  rules.max_ep = inputs.integer("max_ep", model.moe ? model.moe->experts : 1);
  rules.min_replica_gpus = inputs.integer("min_replica_gpus", 5);
  return allowed_configs(inputs.integer("gpus", 64), rules, model);
}

std::vector<Tokens> read_chunks(const JsonObject& inputs) {
  std::vector<Tokens> chunks;
  if (inputs.has("chunks")) {
    for (const std::int64_t size : integers(inputs, "chunks")) chunks.emplace_back(size);
    return chunks;
  }
  chunks = chunk_sizes();
  if (inputs.has("finer_chunk_step")) {
    const std::int64_t step = inputs.integer("finer_chunk_step");
    if (step < 1) inputs.refuse("finer_chunk_step", "is below 1", "expected tokens");
    for (std::int64_t size = step; size <= 448; size += step) chunks.emplace_back(size);
    std::sort(chunks.begin(), chunks.end());
    chunks.erase(std::unique(chunks.begin(), chunks.end()), chunks.end());
  }
  return chunks;
}

}  // namespace

std::vector<SweepPoint> SteadySweep::points(const std::vector<ParallelConfig>& some) const {
  // Scenarios run side by side already.
  return run_sweep(method, sweep_tasks(some, chunks),
                   SweepRun{.threads = 1, .stop = {}, .progress = {}})
      .points;
}

SteadySweep steady_sweep(const JsonObject& inputs, const World& world) {
  const Traffic traffic{.isl = Tokens(inputs.integer("isl", 32768)),
                        .osl = Tokens(inputs.integer("osl", 1024))};
  SweepSystem system = read_system(inputs, world);
  std::vector<ParallelConfig> configs = read_configs(inputs, system.model);
  return {SteadyMethod(std::move(system), traffic), std::move(configs), read_chunks(inputs)};
}

SweepLimits sweep_limits(const JsonObject& inputs) {
  SweepLimits limits;
  if (const auto ttft = inputs.optional_number("max_ttft_s")) limits.max_ttft = Seconds(*ttft);
  limits.min_tps_user = inputs.optional_number("min_tps_user");
  limits.max_tps_user = inputs.optional_number("max_tps_user");
  return limits;
}

std::vector<SweepPoint> of_config(const std::vector<SweepPoint>& points,
                                  const ParallelConfig& config) {
  std::vector<SweepPoint> some;
  for (const SweepPoint& point : points) {
    if (point.task.parallel == config) some.push_back(point);
  }
  return some;
}

std::string label(const SweepPoint& point) {
  return label(point.task.parallel) + "/" + std::to_string(point.task.chunk.count());
}

}  // namespace inferbench::claims
