#include "results/configuration.hpp"

#include <nlohmann/json.hpp>

#include "results/command_line.hpp"
#include "results/json_numbers.hpp"

namespace inferbench {

using nlohmann::ordered_json;

namespace {

void put_if(ordered_json& out, const char* key, const auto& value) {
  if (value) out[key] = *value;
}

void put_window(ordered_json& out, const WorkloadOptions& options) {
  if (options.window_begin) out["window_begin_ns"] = options.window_begin->count();
  if (options.window_end) out["window_end_ns"] = options.window_end->count();
}

std::string_view name(TurnLengths turns) {
  if (turns == TurnLengths::cumulative) return "cumulative";
  return turns == TurnLengths::incremental ? "incremental" : "first";
}

std::string_view name(MaxOutput::Policy policy) {
  if (policy == MaxOutput::Policy::longest) return "longest";
  return policy == MaxOutput::Policy::fixed ? "fixed" : "oracle";
}

}  // namespace

ordered_json parallel_json(const ParallelConfig& parallel) {
  return {{"tp", parallel.tp},
          {"cp", parallel.cp},
          {"ep", parallel.ep},
          {"pp", parallel.pp},
          {"dp", parallel.dp}};
}

ordered_json precision_json(const Precision& precision) {
  ordered_json out = {{"attention", label(precision.attention, precision.attention_format)},
                      {"ffn", label(precision.ffn, precision.ffn_format)},
                      {"experts", label(precision.experts, precision.experts_format)},
                      {"head", label(precision.head, precision.head_format)},
                      {"kv", name(precision.kv)},
                      {"attention_math", name(precision.attention_math)},
                      {"activations", name(precision.activations)},
                      {"dispatch", name(precision.dispatch)},
                      {"combine", name(precision.combine)}};
  if (precision.quantise_apart) out["quantise"] = "apart";
  return out;
}

ordered_json deployment_json(const Deployment& deployment) {
  ordered_json parts = ordered_json::array();
  for (const MemoryPart& part : deployment.memory) {
    parts.push_back({{"part", part.name}, {"bytes", part.bytes.count()}, {"how", part.how}});
  }
  ordered_json out = {{"model", deployment.model.name},
                      {"gpu", deployment.gpu.name},
                      {"gpus", deployment.gpus()},
                      {"parallel", parallel_json(deployment.parallel)},
                      {"precision", precision_json(deployment.precision)},
                      {"kv_capacity_tokens", deployment.kv_capacity.count()},
                      {"memory_available_bytes", deployment.memory_available.count()},
                      {"memory_bytes", parts},
                      {"uneven", deployment.uneven}};
  const MemoryBudget& budget = deployment.budget;
  if (budget.offload.active()) out["offload"] = label(budget.offload);
  if (budget.lora) out["lora"] = label(*budget.lora);
  if (deployment.gpu.instances_per_gpu > 1) {
    out["instances_per_gpu"] = deployment.gpu.instances_per_gpu;
  }
  return out;
}

ordered_json workload_json(const Workload& workload) {
  return {{"name", workload.name},
          {"source", workload.source},
          {"requests", workload.requests.size()},
          {"block_tokens", workload.block_tokens.count()},
          {"notes", workload.notes}};
}

ordered_json workload_options_json(const std::string& spec, const WorkloadOptions& options) {
  ordered_json out = {{"spec", without_paths(spec)}, {"seed", json_integer(options.seed)}};
  put_if(out, "requests", options.requests);
  put_if(out, "rate_per_s", options.rate);
  if (options.time_scale != 1.0) out["time_scale"] = options.time_scale;
  put_window(out, options);
  put_if(out, "concurrency", options.concurrency);
  if (options.think_time.mean.count() != 0) {
    out["think_time_ns"] = options.think_time.mean.count();
    out["think_time_exponential"] = options.think_time.exponential;
  }
  if (options.jitter) out["jitter"] = true;
  if (options.turns) out["turns"] = name(*options.turns);
  if (options.sort) out["sort"] = true;
  if (options.skip_invalid) out["skip_invalid"] = true;
  out["max_output"] = name(options.max_output.policy);
  if (options.max_output.policy == MaxOutput::Policy::fixed) {
    out["max_output_tokens"] = options.max_output.tokens.count();
  }
  return out;
}

}  // namespace inferbench
