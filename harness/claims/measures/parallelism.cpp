// Rows about what each kind of parallelism costs and saves.
#include <cmath>
#include <nlohmann/json.hpp>

#include "harness/base/error.hpp"
#include "harness/claims/measures/inputs.hpp"
#include "harness/claims/measures/measures.hpp"
#include "harness/plan/deployment.hpp"
#include "harness/plan/memory.hpp"

namespace inferbench::claims {

// Whether a model fits in one parallel configuration, and why not.
Numbers placement(const JsonObject& inputs, const World& world) {
  const auto placed =
      place(model(inputs, world), gpu(inputs, world), parse_parallel(inputs.text("parallel")),
            parse_precision(inputs.text("precision")));
  Numbers out;
  if (const auto* deployment = std::get_if<Deployment>(&placed)) {
    out.set("fits", 1);
    out.set("kv_tokens", static_cast<double>(deployment->kv_capacity.count()));
    out.set("verdict", std::string("fits"));
  } else {
    const auto& short_of = std::get<DoesNotFit>(placed);
    out.set("fits", 0);
    out.set("kv_tokens", 0);
    out.set("verdict", std::string("does not fit"));
    out.set("needed_gb", short_of.needed.count() / 1e9);
  }
  return out;
}

// Expert FLOPs per token and weights for several numbers of chosen experts.
Numbers expert_work(const JsonObject& inputs, const World& world) {
  ModelSpec spec = model(inputs, world);
  if (!spec.moe) inputs.refuse("model", spec.name + " has no experts", "choose an MoE model");
  const DType type = dtype(inputs, "dtype");
  const double layers = static_cast<double>(spec.moe_layers());
  const double all = 2 * layers * static_cast<double>(spec.moe->experts) * expert_parameters(spec);
  std::vector<double> flops, share, held;
  for (const std::int64_t k : integers(inputs, "top_k")) {
    spec.moe->top_k = k;
    check_model(spec, inputs.place());
    // What a token visits beyond attention, router and embedding: taken from the model's own count.
    ModelSpec none = spec;
    none.moe->top_k = 1;
    const double one = 2 * layers * expert_parameters(spec);
    const double per_token = 2 * (active_parameters(spec) - active_parameters(none)) + one;
    flops.push_back(per_token / 1e9);
    share.push_back(per_token /
                    (all * static_cast<double>(k) / static_cast<double>(spec.moe->experts)));
    held.push_back(total_parameters(spec) * bytes_per_element(type) / 1e9);
  }
  Numbers out;
  out.set("ffn_gflop_per_token", flops);
  out.set("ffn_flops_over_k_share", share);
  out.set("weights_gb", held);
  return out;
}

// Data, tensor, pipeline and expert parallelism of one degree n side by side: weights per GPU, and
// the bytes that one token costs on all links together, over all layers, with a large batch.
//   DP   nothing
//   PP   the residual stream at each of n - 1 stage boundaries
//   EP   k copies of the token out (dispatch) and back (combine) per layer, (n-1)/n of them away
//   TP   two ring all-reduces of the residual stream per layer, 2 (n-1)/n from each of n ranks
// "_rank_kb" is what one rank sends for a token that it computes: 1/n of the total for PP and TP,
// whose n ranks all work on the token, and all of it for EP, where one rank owns the token.
Numbers parallel_comparison(const JsonObject& inputs, const World& world) {
  const ModelSpec spec = model(inputs, world);
  if (!spec.moe) inputs.refuse("model", spec.name + " has no experts", "choose an MoE model");
  const std::int64_t n = inputs.integer("degree");
  Precision precision = parse_precision("bf16");
  precision.attention = precision.ffn = precision.experts = dtype(inputs, "dtype");
  const auto held = [&](const ParallelConfig& parallel) {
    return weights_per_gpu(spec, parallel, precision).count() / 1e9;
  };
  const double ways = static_cast<double>(n), away = (ways - 1) / ways;
  const double hidden = static_cast<double>(spec.hidden), layers = static_cast<double>(spec.layers);
  const double stream = inputs.optional_number("activation_bytes").value_or(2);
  const double out_bytes = inputs.optional_number("dispatch_bytes").value_or(1);
  const double back_bytes = inputs.optional_number("combine_bytes").value_or(2);
  const double copies = static_cast<double>(spec.moe->top_k);
  Numbers out;
  out.set("dp_weights_gb", held({.dp = n}));
  out.set("tp_weights_gb", held({.tp = n}));
  out.set("pp_weights_gb", held({.pp = n}));
  out.set("ep_weights_gb", held({.ep = n}));
  const double pp = (ways - 1) * hidden * stream;
  const double ep = layers * copies * hidden * (out_bytes + back_bytes) * away;
  const double tp = layers * 2 * 2 * away * ways * hidden * stream;
  out.set("dp_wire_kb", 0);
  out.set("pp_wire_kb", pp / 1e3);
  out.set("ep_wire_kb", ep / 1e3);
  out.set("tp_wire_kb", tp / 1e3);
  out.set("pp_rank_kb", pp / ways / 1e3);
  out.set("ep_rank_kb", ep / 1e3);
  out.set("tp_rank_kb", tp / ways / 1e3);
  return out;
}

}  // namespace inferbench::claims
