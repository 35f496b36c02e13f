#include <algorithm>
#include <string>

#include "harness/cost/claims_formulation.hpp"
#include "harness/cost/step_formulation.hpp"

namespace inferbench {
namespace {

// The claims formulation on actual batches: sums over the items take the place of the averages.
class ClaimsStep final : public StepFormulation {
 public:
  ClaimsStep(const Deployment& deployment, const ClaimsParameters& parameters)
      : StepFormulation(deployment.parallel.ep, 0),
        formulation_(deployment.model, deployment.gpu, deployment.parallel, deployment.precision,
                     parameters),
        parallel_(deployment.parallel),
        layers_(deployment.model.layers),
        tp_inside_(parallel_.tp <= deployment.gpu.domain_size),
        ep_inside_(parallel_.tp * parallel_.ep <= deployment.gpu.domain_size),
        pp_inside_(parallel_.replica_gpus() <= deployment.gpu.domain_size) {}

  StepTiming time(std::span<const RankLoad> ranks) const override {
    const ClaimsStage stage = slowest_rank(ranks).stage;
    StepTiming timing;
    timing.stage = rounded(stage.time);
    timing.elapsed = rounded(stage.time * static_cast<double>(parallel_.pp));
    StepTiming::Parts& p = timing.parts;
    p.gemm = rounded(stage.attention_gemm + stage.head / static_cast<double>(parallel_.pp));
    p.attention = rounded(stage.prefill_attention + stage.decode_attention);
    p.moe = rounded(stage.expert_gemm);
    p.elementwise = rounded(stage.elementwise);
    p.host = rounded(stage.kernels);
    (tp_inside_ ? p.scale_up : p.scale_out) += rounded(stage.tp_collectives);
    (ep_inside_ ? p.scale_up : p.scale_out) += rounded(stage.all_to_all);
    (pp_inside_ ? p.scale_up : p.scale_out) += rounded(stage.hand_over);
    timing.hidden = p.gemm + p.attention + p.moe + p.elementwise + p.scale_up + p.scale_out +
                    p.host - timing.stage;
    timing.hidden_collectives = std::clamp(timing.hidden, Duration(0), p.scale_up + p.scale_out);
    return timing;
  }

  StepExplanation explain(const BatchPlan& plan) const override;

 private:
  struct Slowest {
    ClaimsStage stage;
    std::size_t rank = 0;
  };

  Slowest slowest_rank(std::span<const RankLoad> ranks) const {
    double all_tokens = 0;
    for (const RankLoad& rank : ranks) all_tokens += rank.tokens;
    Slowest slowest;
    for (std::size_t r = 0; r < ranks.size(); ++r) {
      const RankLoad& rank = ranks[r];
      const ClaimsStage stage = formulation_.stage({.prefill_tokens = rank.prefill.queries,
                                                    .prefill_pairs = rank.prefill.pairs,
                                                    .prefill_kv_tokens = rank.prefill.kv_tokens,
                                                    .decode_tokens = rank.decode.queries,
                                                    .decode_kv_tokens = rank.decode.kv_tokens,
                                                    .sampled = rank.sampled,
                                                    .all_tokens = all_tokens});
      if (r == 0 || stage.time > slowest.stage.time) slowest = {stage, r};
    }
    return slowest;
  }

  ClaimsFormulation formulation_;
  ParallelConfig parallel_;
  std::int64_t layers_ = 0;
  bool tp_inside_ = true, ep_inside_ = true, pp_inside_ = true;
};

StepExplanation ClaimsStep::explain(const BatchPlan& plan) const {
  FewRanks few;
  std::vector<RankLoad> many;
  const Slowest slowest = slowest_rank(sums(plan, few, many));
  const ClaimsStage& s = slowest.stage;
  StepExplanation explanation;
  explanation.timing = step(plan);
  const std::int64_t stage_layers = (layers_ + parallel_.pp - 1) / parallel_.pp;
  explanation.stage = "any of " + std::to_string(parallel_.pp) + " stages, " +
                      std::to_string(stage_layers) + " of " + std::to_string(layers_) + " layers";
  explanation.notes = {
      "claims formulation: parts are timed as a whole, without FLOPs and bytes per op",
      "rank " + std::to_string(slowest.rank) + " of " + std::to_string(parallel_.ep) + " is last"};
  double total = 0;
  const auto add = [&](const char* name, const char* part, RoofKind roof, Seconds time,
                       double count) {
    if (time.count() <= 0) return;
    total += time.count();
    explanation.ops.push_back(
        {.name = name, .part = part, .count = count, .roof = roof, .time = time});
  };
  const double layers = static_cast<double>(stage_layers);
  const auto tier = [](bool inside) { return inside ? RoofKind::scale_up : RoofKind::scale_out; };
  const auto tier_name = [](bool inside) { return inside ? "scale_up" : "scale_out"; };
  add("attention_gemm", "gemm", s.attention_gemm_roof, s.attention_gemm, layers);
  add("prefill_attention", "attention", s.prefill_attention_roof, s.prefill_attention, layers);
  add("decode_attention", "attention", s.decode_attention_roof, s.decode_attention, layers);
  add("tp_collectives", tier_name(tp_inside_), tier(tp_inside_), s.tp_collectives, layers);
  add("expert_gemm", "moe", s.expert_gemm_roof, s.expert_gemm, layers);
  add("all_to_all", tier_name(ep_inside_), tier(ep_inside_), s.all_to_all, layers);
  add("elementwise", "elementwise", RoofKind::memory, s.elementwise, layers);
  add("kernels", "host", RoofKind::host, s.kernels, layers);
  add("lm_head_share", "gemm", s.head_roof, s.head / static_cast<double>(parallel_.pp), 1);
  add("hand_over", tier_name(pp_inside_), tier(pp_inside_), s.hand_over, 1);
  for (OpExplanation& op : explanation.ops) op.share = op.time.count() / total;
  return explanation;
}

}  // namespace

std::unique_ptr<const StepFormulation> claims_step(const Deployment& deployment,
                                                   const ClaimsParameters& parameters) {
  return std::make_unique<ClaimsStep>(deployment, parameters);
}

}  // namespace inferbench
