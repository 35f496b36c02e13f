// Rows about one step of a deployment, op by op.
#include <algorithm>
#include <nlohmann/json.hpp>

#include "harness/base/error.hpp"
#include "harness/claims/measures/inputs.hpp"
#include "harness/claims/measures/measures.hpp"
#include "harness/cost/step_cost_model.hpp"

namespace inferbench::claims {
namespace {

Deployment deploy(const JsonObject& inputs, const World& world, const std::string& parallel,
                  const std::string& precision) {
  auto placed = place(model(inputs, world), gpu(inputs, world), parse_parallel(parallel),
                      parse_precision(precision));
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
  return {deploy(inputs, world, parallel, precision),
          world.profile(inputs.text("profile", "default"))};
}

double ms(Duration duration) {
  return seconds(duration).count() * 1e3;
}

}  // namespace

// Time of one step over several configurations, contexts and precisions. A series runs over the
// configurations ("parallel"), then the contexts.
Numbers step_times(const JsonObject& inputs, const World& world) {
  const std::vector<std::string> configs = inputs.texts("parallel");
  const std::vector<std::int64_t> contexts =
      inputs.has("context") ? integers(inputs, "context") : std::vector<std::int64_t>{0};
  const std::string precision = inputs.text("precision", "bf16");
  std::vector<double> elapsed, host, communication;
  for (const std::string& config : configs) {
    const StepCostModel cost = cost_model(inputs, world, config, precision);
    for (const std::int64_t context : contexts) {
      const StepTiming timing = cost.step(read_plan(inputs, context));
      elapsed.push_back(ms(timing.elapsed));
      host.push_back(ms(timing.parts.host));
      communication.push_back(ms(timing.parts.scale_up + timing.parts.scale_out));
    }
  }
  if (elapsed.empty()) inputs.refuse("parallel", "is empty", "expected configurations");
  const auto best =
      static_cast<std::size_t>(std::min_element(elapsed.begin(), elapsed.end()) - elapsed.begin());
  Numbers out;
  out.set("step_ms", elapsed);
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
  for (std::size_t i = 0; i < base.ops.size() && i < changed.ops.size(); ++i) {
    const OpExplanation& op = base.ops[i];
    if (op.name != changed.ops[i].name || op.bytes.count() == 0) continue;
    if (!op.name.ends_with("_gemm") && !op.name.ends_with("_attention")) continue;
    out.set(op.name + "_bytes_ratio", changed.ops[i].bytes / op.bytes);
    out.set(op.name + "_time_ratio", changed.ops[i].time / op.time);
  }
  out.set("step_ratio", seconds(changed.timing.elapsed) / seconds(base.timing.elapsed));
  return out;
}

}  // namespace inferbench::claims
