#include "harness/execute/transformer/decoder_shape.hpp"

#include <string>

#include "harness/base/error.hpp"

namespace inferbench {
namespace {

struct Refusal {
  bool applies;
  const char *problem, *rule;
};

}  // namespace

DecoderShape decoder_shape(const ModelSpec& model) {
  const Refusal refusals[] = {
      {model.moe.has_value(), "has experts", "dense FFNs are executed"},
      {model.mla.has_value(), "has multi-head latent attention",
       "multi-head, grouped- and multi-query attention are executed"},
      {model.sliding_window > 0, "has sliding windows", "full attention is executed"},
      {model.qkv_bias || model.output_bias || model.ffn_bias, "has biases",
       "linear layers without biases are executed"},
      {model.qk_norm, "norms queries and keys", "they are rotated as they are"},
      {model.ffn_matrices != 3, "has an FFN of 2 matrices", "gated FFNs (SwiGLU) are executed"},
      {model.head_dim % 16 != 0, "has heads that are no multiple of 16",
       "attention kernels load whole vectors"},
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
          .tied = model.tie_embeddings};
}

}  // namespace inferbench
