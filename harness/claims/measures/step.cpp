// Rows about one step of a deployment, op by op.
#include <algorithm>
#include <nlohmann/json.hpp>

#include "harness/base/error.hpp"
#include "harness/catalog/gpu_instances.hpp"
#include "harness/claims/measures/inputs.hpp"
#include "harness/claims/measures/measures.hpp"
#include "harness/cost/step_cost_model.hpp"

namespace inferbench::claims {
namespace {

Deployment deploy(const JsonObject& inputs, const World& world, const std::string& parallel,
                  const std::string& precision) {
  const ModelSpec spec = model(inputs, world);
  HardwareSpec part = gpu(inputs, world);
  if (inputs.has("instances")) {
    part = instance_of(part, parse_gpu_sharing(inputs.text("instances"), "instances"), "instances");
  }
  MemoryBudget budget;
  if (inputs.has("offload")) {
    budget.offload = parse_weight_offload(inputs.text("offload"), "offload");
  }
  if (inputs.has("lora")) budget.lora = parse_lora(inputs.text("lora"), spec, "lora");
  auto placed = place(spec, part, parse_parallel(parallel), parse_precision(precision), budget);
  if (const auto* short_of = std::get_if<DoesNotFit>(&placed)) {
    inputs.refuse("parallel", parallel + " does not fit: " + short_of->reason,
                  "choose a configuration that fits");
  }
  return std::get<Deployment>(std::move(placed));
}

// "prefill_tokens" of one prompt after "prefill_context" cached ones, and "decodes" answers at
// "context" tokens, all on attention rank 0.
BatchPlan read_plan(const JsonObject& inputs, std::int64_t context) {
  BatchPlan plan;
  const std::int64_t prefill = inputs.integer("prefill_tokens", 0);
  std::uint64_t id = 0;
  if (prefill > 0) {
    plan.items.push_back({.request = RequestId{id++},
                          .context = Tokens(inputs.integer("prefill_context", 0)),
                          .new_tokens = Tokens(prefill),
                          .decode = false,
                          .emits = true,
                          .rank = 0});
  }
  for (std::int64_t i = 0; i < inputs.integer("decodes", 0); ++i) {
    plan.items.push_back({.request = RequestId{id++},
                          .context = Tokens(context),
                          .new_tokens = Tokens(1),
                          .decode = true,
                          .emits = true,
                          .rank = 0});
  }
  if (plan.items.empty()) {
    inputs.refuse("decodes", "and \"prefill_tokens\" are 0", "expected work for the step");
  }
  return plan;
}

StepCostModel cost_model(const JsonObject& inputs, const World& world, const std::string& parallel,
                         const std::string& precision) {
  CostProfile profile = world.profile(inputs.text("profile", "default"));
  if (auto* ops = std::get_if<OpsParameters>(&profile.parameters)) {
    if (!inputs.boolean("cuda_graph", true)) ops->launch.graph_tokens = 0;
    if (inputs.boolean("gather_context", false)) {
      ops->context_exchange = ContextExchange::all_gather;
    }
  }
  return {deploy(inputs, world, parallel, precision), profile};
}

double ms(Duration duration) {
  return seconds(duration).count() * 1e3;
}

}  // namespace

// Time of one step over several configurations, contexts and precisions. A series runs over the
// configurations ("parallel"), then the contexts. "instances", "offload" and "lora" are those of
// the command line; "cuda_graph": false launches kernel by kernel; "gather_context": true gathers
// keys and values instead of passing them around.
Numbers step_times(const JsonObject& inputs, const World& world) {
  const std::vector<std::string> configs = inputs.texts("parallel");
  const std::vector<std::int64_t> contexts =
      inputs.has("context") ? integers(inputs, "context") : std::vector<std::int64_t>{0};
  const std::string precision = inputs.text("precision", "bf16");
  std::vector<double> elapsed, host, communication, tokens_per_s;
  for (const std::string& config : configs) {
    const StepCostModel cost = cost_model(inputs, world, config, precision);
    for (const std::int64_t context : contexts) {
      const StepTiming timing = cost.step(read_plan(inputs, context));
      elapsed.push_back(ms(timing.elapsed));
      const auto on_gpu = static_cast<double>(cost.deployment().gpu.instances_per_gpu);
      tokens_per_s.push_back(on_gpu * static_cast<double>(inputs.integer("decodes", 0)) /
                             seconds(timing.elapsed).count());
      host.push_back(ms(timing.parts.host));
      communication.push_back(ms(timing.parts.scale_up + timing.parts.scale_out));
    }
  }
  if (elapsed.empty()) inputs.refuse("parallel", "is empty", "expected configurations");
  const auto best =
      static_cast<std::size_t>(std::min_element(elapsed.begin(), elapsed.end()) - elapsed.begin());
  Numbers out;
  out.set("step_ms", elapsed);
  out.set("decoded_per_s_gpu", tokens_per_s);  // of a GPU and all its instances
  out.set("host_ms", host);
  out.set("communication_ms", communication);
  out.set("fastest", configs[best / contexts.size()]);
  out.set("first_ms", elapsed.front());
  out.set("fastest_ms", elapsed[best]);
  out.set("last_ms", elapsed.back());
  out.set("speedup", elapsed.front() / elapsed[best]);
  out.set("fastest_gpus",
          static_cast<double>(parse_parallel(configs[best / contexts.size()]).gpus()));
  return out;
}

// All-reduces of one step, counted in the op list, and the bytes each rank sends for a layer.
Numbers all_reduces(const JsonObject& inputs, const World& world) {
  const std::string config = inputs.text("parallel");
  const StepCostModel cost = cost_model(inputs, world, config, inputs.text("precision", "bf16"));
  const StepExplanation explained = cost.explain(read_plan(inputs, inputs.integer("context", 0)));
  double count = 0, wire = 0;
  for (const OpExplanation& op : explained.ops) {
    // The embedding's all-reduce is not a layer's.
    if (op.name != "attention_all_reduce" && op.name != "ffn_all_reduce") continue;
    count += op.count;
    wire += op.wire.count();
  }
  const ModelSpec& spec = cost.deployment().model;
  const double ways = static_cast<double>(cost.deployment().parallel.tp);
  const double layers = static_cast<double>(spec.layers);
  const double tokens =
      static_cast<double>(inputs.integer("prefill_tokens", 0) + inputs.integer("decodes", 0));
  Numbers out;
  out.set("all_reduces", count);
  out.set("all_reduces_per_layer", count / layers);
  out.set("wire_bytes_per_layer", wire / layers);
  out.set("formula_wire_bytes_per_layer",
          2 * 2 * (ways - 1) / ways * static_cast<double>(spec.hidden) * 2 * tokens);
  return out;
}

// The GEMMs of one step under two precisions: how much faster each one gets, by name.
Numbers precision_report(const JsonObject& inputs, const World& world) {
  const std::string config = inputs.text("parallel");
  const BatchPlan plan = read_plan(inputs, inputs.integer("context", 0));
  const StepExplanation base =
      cost_model(inputs, world, config, inputs.text("base_precision")).explain(plan);
  const StepExplanation changed =
      cost_model(inputs, world, config, inputs.text("precision")).explain(plan);
  Numbers out;
  // Ops that only one of the two has, as quantisation kernels, are passed over.
  for (const OpExplanation& op : base.ops) {
    const auto same = std::find_if(changed.ops.begin(), changed.ops.end(),
                                   [&](const OpExplanation& o) { return o.name == op.name; });
    if (same == changed.ops.end() || op.bytes.count() == 0) continue;
    if (!op.name.ends_with("_gemm") && !op.name.ends_with("_attention")) continue;
    out.set(op.name + "_bytes_ratio", same->bytes / op.bytes);
    out.set(op.name + "_time_ratio", same->time / op.time);
  }
  out.set("step_ratio", seconds(changed.timing.elapsed) / seconds(base.timing.elapsed));
  return out;
}

}  // namespace inferbench::claims
