#include "harness/execute/transformer/decoder_shape.hpp"

#include <algorithm>
#include <cmath>
#include <string>

#include "harness/base/error.hpp"

namespace inferbench {
namespace {

struct Refusal {
  bool applies;
  const char *problem, *rule;
};

std::optional<DecoderExperts> experts_of(const ModelSpec& model) {
  if (!model.moe) return std::nullopt;
  const MoeSpec& moe = *model.moe;
  DecoderExperts experts;
  experts.router.experts = moe.experts;
  experts.count = moe.experts;
  experts.router.top_k = moe.top_k;
  experts.router.scores = moe.scores == ExpertScores::softmax   ? RouterScores::softmax
                          : moe.scores == ExpertScores::sigmoid ? RouterScores::sigmoid
                                                                : RouterScores::softmax_top_k;
  experts.router.groups = moe.groups;
  experts.router.top_groups = moe.top_groups;
  experts.router.scale = static_cast<float>(moe.routed_scale);
  experts.ffn = moe.ffn;
  experts.shared = moe.shared;
  experts.first_dense = moe.first_dense;
  return experts;
}

bool limits_groups_of_softmax(const ModelSpec& model) {
  return model.moe && model.moe->groups > 1 && model.moe->scores != ExpertScores::sigmoid;
}

}  // namespace

std::int64_t DecoderShape::qkv_width() const {
  if (!mla) return q_width() + 2 * kv_width();
  return latent_query_width() + mla->kv_lora_rank + mla->qk_rope_head_dim;
}

std::int64_t DecoderShape::key_dim() const {
  if (!mla) return head_dim;
  return (mla->kv_lora_rank + mla->qk_rope_head_dim + 15) / 16 * 16;
}

// The cached vector is longer than the head that it stands for. Yarn as in DeepSeek widens scores
// here, where Rotary has nothing left to widen.
float DecoderShape::score_scale() const {
  if (!mla) return 0;
  double scale = 1 / std::sqrt(static_cast<double>(query_dim()));
  if (rotary.scaling && rotary.scaling->kind == "yarn" && rotary.scaling->mscale_all_dim > 0) {
    const double mscale = yarn_mscale(rotary.scaling->factor, rotary.scaling->mscale_all_dim);
    scale *= mscale * mscale;
  }
  return static_cast<float>(scale);
}

std::int64_t DecoderShape::sparse_layers() const {
  std::int64_t count = 0;
  for (std::int64_t l = 0; l < layers; ++l) count += sparse(l) ? 1 : 0;
  return count;
}

std::int64_t DecoderShape::widest_ffn() const {
  const bool any_dense = !experts || experts->first_dense > 0;
  return std::max(any_dense ? ffn : 0, experts ? experts->shared_width() : 0);
}

DecoderShape decoder_shape(const ModelSpec& model) {
  const Refusal refusals[] = {
      {model.output_bias || model.ffn_bias, "has biases of the FFN or of the attention's output",
       "biases of queries, keys and values are executed"},
      {model.rope_scaling && !rotary_scaling_known(model.rope_scaling->kind),
       "scales positions in a way of its own", "linear, llama3 and yarn are executed"},
      {model.mla && model.mla->kv_lora_rank % 16 != 0, "has latents that are no multiple of 16",
       "attention kernels load whole vectors"},
      {model.mla && model.mla->qk_rope_head_dim % 2 != 0, "rotates an odd number of elements",
       "positions turn pairs of elements"},
      {model.mla && (model.qkv_bias || model.qk_norm || model.sliding_window > 0),
       "has biases, norms of heads or windows in latent attention",
       "latent attention is executed as DeepSeek has it"},
      {!model.mla && model.head_dim % 16 != 0, "has heads that are no multiple of 16",
       "attention kernels load whole vectors"},
      {limits_groups_of_softmax(model), "limits softmax routing to groups of experts",
       "groups are limited where scores are sigmoids"},
      {model.moe && model.moe->experts > kMostExperts, "has more than 1,024 experts",
       "routers choose among up to 1,024"},
      {model.vocab > std::int64_t{1} << 22U, "has a vocabulary above 2^22 tokens",
       "samplers take up to 4,194,304"},
  };
  for (const Refusal& refusal : refusals) {
    if (!refusal.applies) continue;
    throw Error(model.name, refusal.problem, std::string(refusal.rule) + " on the CPU",
                "take a model like tinyllama-1.1b, or a modelled replay (--system modelled)");
  }
  return {.layers = model.layers,
          .hidden = model.hidden,
          .ffn = model.ffn,
          .heads = model.heads,
          .kv_heads = model.kv_heads,
          .head_dim = model.head_dim,
          .vocab = model.vocab,
          .context = model.context,
          .tied = model.tie_embeddings,
          .gated = model.ffn_matrices == 3,
          .experts = experts_of(model),
          .mla = model.mla,
          .qkv_bias = model.qkv_bias,
          .qk_norm = model.qk_norm,
          .window = model.sliding_window,
          .window_period = model.sliding_window_period,
          .rotary = {.dim = model.mla ? model.mla->qk_rope_head_dim : model.head_dim,
                     .theta = model.rope_theta,
                     .scaling = model.rope_scaling},
          .norm_epsilon = model.norm_epsilon};
}

}  // namespace inferbench
