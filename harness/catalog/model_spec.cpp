#include "harness/catalog/model_spec.hpp"

#include <algorithm>

#include "harness/base/error.hpp"
#include "harness/base/real.hpp"

namespace inferbench {
namespace {

double ffn_parameters(const ModelSpec& model, double width) {
  const double hidden = real(model.hidden);
  const double weights = real(model.ffn_matrices) * hidden * width;
  const double bias = model.ffn_bias ? real(model.ffn_matrices - 1) * width + hidden : 0.0;
  return weights + bias;
}

// DeepSeek-V2, arXiv 2405.04434, section 2.1: down- and up-projections, a norm on each latent.
double mla_parameters_per_layer(const ModelSpec& model, const MlaSpec& mla) {
  const double hidden = real(model.hidden), heads = real(model.heads);
  const double q_rank = real(mla.q_lora_rank), kv_rank = real(mla.kv_lora_rank);
  const double rope = real(mla.qk_rope_head_dim), nope = real(mla.qk_nope_head_dim);
  const double v_dim = real(mla.v_head_dim);
  const double q_width = heads * (nope + rope);
  const double query = q_rank > 0 ? hidden * q_rank + q_rank + q_rank * q_width : hidden * q_width;
  const double key_value = hidden * (kv_rank + rope) + kv_rank + kv_rank * heads * (nope + v_dim);
  return query + key_value + heads * v_dim * hidden;
}

[[noreturn]] void refuse(const std::string& place, const std::string& problem,
                         const std::string& rule) {
  throw Error(place, problem, rule, "docs/catalog.md explains every key");
}

void check_at_least(const std::string& place, const char* key, std::int64_t value,
                    std::int64_t least) {
  if (value >= least) return;
  refuse(place, std::string(key) + " = " + std::to_string(value),
         "expected an integer >= " + std::to_string(least));
}

constexpr const char* kExpertScores[] = {"softmax", "softmax_top_k", "sigmoid"};

void check_moe(const ModelSpec& model, const MoeSpec& moe, const std::string& place) {
  check_at_least(place, "moe.experts", moe.experts, 1);
  check_at_least(place, "moe.top_k", moe.top_k, 1);
  check_at_least(place, "moe.expert_ffn", moe.ffn, 1);
  check_at_least(place, "moe.shared_experts", moe.shared, 0);
  check_at_least(place, "moe.first_dense_layers", moe.first_dense, 0);
  if (moe.top_k > moe.experts) {
    refuse(place, "moe.top_k = " + std::to_string(moe.top_k),
           "a token visits at most the " + std::to_string(moe.experts) + " experts there are");
  }
  check_at_least(place, "moe.groups", moe.groups, 1);
  check_at_least(place, "moe.top_groups", moe.top_groups, 1);
  if (moe.experts % moe.groups != 0 || moe.top_groups > moe.groups ||
      moe.top_groups * (moe.experts / moe.groups) < moe.top_k) {
    refuse(place,
           "moe.groups = " + std::to_string(moe.groups) +
               ", moe.top_groups = " + std::to_string(moe.top_groups),
           "groups divide the experts, and the best of them have top_k experts");
  }
  if (moe.first_dense >= model.layers) {
    refuse(place, "moe.first_dense_layers = " + std::to_string(moe.first_dense),
           "must leave at least one of " + std::to_string(model.layers) + " layers with experts");
  }
}

void check_mla(const MlaSpec& mla, const std::string& place) {
  check_at_least(place, "mla.q_lora_rank", mla.q_lora_rank, 0);
  check_at_least(place, "mla.kv_lora_rank", mla.kv_lora_rank, 1);
  check_at_least(place, "mla.qk_nope_head_dim", mla.qk_nope_head_dim, 1);
  check_at_least(place, "mla.qk_rope_head_dim", mla.qk_rope_head_dim, 0);
  check_at_least(place, "mla.v_head_dim", mla.v_head_dim, 1);
}

}  // namespace

std::string expert_scores_name(ExpertScores scores) {
  return kExpertScores[static_cast<std::size_t>(scores)];
}

ExpertScores parse_expert_scores(const std::string& place, const std::string& name) {
  for (std::size_t i = 0; i < std::size(kExpertScores); ++i) {
    if (name == kExpertScores[i]) return static_cast<ExpertScores>(i);
  }
  throw unknown_name(place, "router", name, {std::begin(kExpertScores), std::end(kExpertScores)});
}

double attention_parameters_per_layer(const ModelSpec& model) {
  if (model.mla) return mla_parameters_per_layer(model, *model.mla);
  const double hidden = real(model.hidden);
  const double q_width = real(model.heads * model.head_dim);
  const double kv_width = 2.0 * real(model.kv_heads * model.head_dim);
  double count = hidden * (q_width + kv_width) + q_width * hidden;
  if (model.qkv_bias) count += q_width + kv_width;
  if (model.output_bias) count += hidden;
  if (model.qk_norm) count += 2.0 * real(model.head_dim);
  return count;
}

double dense_ffn_parameters_per_layer(const ModelSpec& model) {
  return ffn_parameters(model, real(model.ffn));
}

double expert_parameters(const ModelSpec& model) {
  return model.moe ? ffn_parameters(model, real(model.moe->ffn)) : 0.0;
}

double shared_expert_parameters(const ModelSpec& model) {
  return model.moe ? real(model.moe->shared) * expert_parameters(model) : 0.0;
}

double router_parameters(const ModelSpec& model) {
  if (!model.moe) return 0.0;
  const double bias = model.ffn_bias ? real(model.moe->experts) : 0.0;
  return real(model.moe->experts) * real(model.hidden) + bias;
}

double norm_parameters(const ModelSpec& model) {
  return real(model.hidden) * real(2 * model.layers + 1);
}

double embedding_parameters(const ModelSpec& model) {
  const double tables = model.tie_embeddings ? 1.0 : 2.0;
  return tables * real(model.vocab) * real(model.hidden) + model.extra_embedding_parameters;
}

double total_parameters(const ModelSpec& model) {
  const double experts = model.moe ? real(model.moe->experts) * expert_parameters(model) : 0.0;
  return embedding_parameters(model) + norm_parameters(model) +
         real(model.layers) * attention_parameters_per_layer(model) +
         real(model.dense_layers()) * dense_ffn_parameters_per_layer(model) +
         real(model.moe_layers()) *
             (experts + shared_expert_parameters(model) + router_parameters(model));
}

double active_parameters(const ModelSpec& model) {
  if (!model.moe) return total_parameters(model);
  const double unvisited = real(model.moe->experts - model.moe->top_k) * expert_parameters(model);
  return total_parameters(model) - real(model.moe_layers()) * unvisited;
}

std::int64_t full_attention_layers(const ModelSpec& model) {
  if (model.sliding_window == 0) return model.layers;
  if (model.sliding_window_period == 1) return 0;
  return model.layers / model.sliding_window_period;
}

double kv_elements_per_token_layer(const ModelSpec& model) {
  if (model.mla) return real(model.mla->kv_lora_rank + model.mla->qk_rope_head_dim);
  return 2.0 * real(model.kv_heads * model.head_dim);
}

double kv_bytes_per_token(const ModelSpec& model, DType kv) {
  return real(model.layers) * kv_elements_per_token_layer(model) * bytes_per_element(kv);
}

Bytes kv_bytes_of_sequence(const ModelSpec& model, Tokens tokens, DType kv) {
  const std::int64_t full = full_attention_layers(model);
  const std::int64_t kept = std::min(tokens.count(), model.sliding_window);
  const double token_layers = real(full * tokens.count() + (model.layers - full) * kept);
  return Bytes(token_layers * kv_elements_per_token_layer(model) * bytes_per_element(kv));
}

void check_model(const ModelSpec& model, const std::string& place) {
  check_at_least(place, "layers", model.layers, 1);
  check_at_least(place, "hidden", model.hidden, 1);
  // A model whose every layer has experts may leave the dense width out.
  check_at_least(place, "ffn", model.ffn, model.dense_layers() > 0 ? 1 : 0);
  check_at_least(place, "heads", model.heads, 1);
  check_at_least(place, "kv_heads", model.kv_heads, 1);
  check_at_least(place, "head_dim", model.head_dim, 1);
  check_at_least(place, "vocab", model.vocab, 1);
  check_at_least(place, "context_tokens", model.context, 1);
  check_at_least(place, "sliding_window_tokens", model.sliding_window, 0);
  check_at_least(place, "full_attention_period", model.sliding_window_period, 1);
  if (model.ffn_matrices != 2 && model.ffn_matrices != 3) {
    refuse(place, "ffn_matrices = " + std::to_string(model.ffn_matrices),
           "expected 3 (gated) or 2 (classic)");
  }
  if (model.heads % model.kv_heads != 0) {
    refuse(place, "kv_heads = " + std::to_string(model.kv_heads),
           "must divide heads = " + std::to_string(model.heads));
  }
  if (model.moe) check_moe(model, *model.moe, place);
  if (model.mla) check_mla(*model.mla, place);
}

}  // namespace inferbench
