#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "harness/base/dtype.hpp"
#include "harness/base/units.hpp"
#include "harness/catalog/disagreement.hpp"

namespace inferbench {

// How a router turns its logits into weights of experts: softmax over all experts, over the chosen
// alone, or sigmoids of each, divided by the sum of the chosen (DeepSeek-V3).
enum class ExpertScores { softmax, softmax_top_k, sigmoid };
std::string expert_scores_name(ExpertScores scores);
ExpertScores parse_expert_scores(const std::string& place, const std::string& name);

// How positions beyond those trained on are rotated.
//
// Sources: "linear" Chen et al., arXiv 2306.15595; "yarn" Peng et al., arXiv 2309.00071; "llama3"
// github.com/huggingface/transformers, src/transformers/modeling_rope_utils.py.
struct RopeScaling {
  std::string kind;                   // "linear", "llama3", "yarn", or what a file says
  double factor = 1;                  // context reached / context trained on
  std::int64_t original_context = 0;  // trained on; llama3 and yarn
  double low_freq_factor = 1, high_freq_factor = 4;  // llama3
  double beta_fast = 32, beta_slow = 1;              // yarn
  double mscale = 0, mscale_all_dim = 0;             // yarn as in DeepSeek; 0: not given
};

struct MoeSpec {
  std::int64_t experts = 0;      // routed experts per MoE layer
  std::int64_t top_k = 0;        // routed experts per token
  std::int64_t shared = 0;       // experts every token visits, of width ffn each
  std::int64_t ffn = 0;          // inner width of one expert
  std::int64_t first_dense = 0;  // leading layers with a dense FFN instead
  ExpertScores scores = ExpertScores::softmax_top_k;
  std::int64_t groups = 1, top_groups = 1;  // sigmoid: experts of the best groups alone take part
  double routed_scale = 1;                  // of the routed experts' weights
};

// Multi-head latent attention: keys and values are cached as one compressed vector per token.
struct MlaSpec {
  std::int64_t q_lora_rank = 0;  // 0: queries are not compressed
  std::int64_t kv_lora_rank = 0;
  std::int64_t qk_nope_head_dim = 0;
  std::int64_t qk_rope_head_dim = 0;
  std::int64_t v_head_dim = 0;
};

// The shape of a decoder-only transformer. All counts are of the whole model, before any sharding.
struct ModelSpec {
  std::string name;   // "llama-3-70b": lower case, dashes
  std::string title;  // "Llama-3-70B"
  std::vector<std::string> aliases;
  std::string kind;    // "public", "assumed" (shape not published), "synthetic", "file"
  std::string family;  // "model_type" of a Hugging Face config.json; empty where none was read
  std::string source;  // where the numbers are from
  std::map<std::string, std::string> sources;  // by catalog key, where it is not `source`
  std::vector<std::string> notes;
  std::vector<Disagreement> disagreements;
  std::int64_t layers = 0;
  std::int64_t hidden = 0;
  std::int64_t ffn = 0;           // inner width of a dense FFN layer
  std::int64_t ffn_matrices = 3;  // 3 gated (SwiGLU), 2 classic
  std::int64_t heads = 0;
  std::int64_t kv_heads = 0;  // equal to heads: MHA, 1: MQA
  std::int64_t head_dim = 0;
  std::int64_t vocab = 0;
  bool tie_embeddings = false;
  bool qkv_bias = false;
  bool output_bias = false;                // bias of the attention output projection
  bool ffn_bias = false;                   // biases of the FFN or the experts, and of the router
  bool qk_norm = false;                    // one norm of head_dim each for queries and keys (Qwen3)
  double extra_embedding_parameters = 0;   // position and segment tables, poolers
  std::int64_t context = 0;                // longest sequence in tokens
  std::int64_t sliding_window = 0;         // 0: full attention
  std::int64_t sliding_window_period = 1;  // every period-th layer is full attention; 1: none is
  double rope_theta = 10000;               // base of rotary positions
  std::optional<RopeScaling> rope_scaling;
  double norm_epsilon = 1e-5;
  DType native = DType::bf16;  // what the publisher's weights are stored in
  std::vector<DType> serving;  // what it is served in, best first; empty: `native`
  std::optional<MoeSpec> moe;
  std::optional<MlaSpec> mla;
  std::optional<double> published_parameters;  // what the publisher says, for checking ours
  std::optional<double> published_active_parameters;

  std::int64_t moe_layers() const { return moe ? layers - moe->first_dense : 0; }
  std::int64_t dense_layers() const { return layers - moe_layers(); }
};

// Parameter counts from the shape: weights, norms, and biases where the model has them.
double attention_parameters_per_layer(
    const ModelSpec& model);  // norms of q, k and latents included
double dense_ffn_parameters_per_layer(const ModelSpec& model);
double expert_parameters(const ModelSpec& model);         // one routed expert of one layer
double shared_expert_parameters(const ModelSpec& model);  // all shared experts of one layer
double router_parameters(const ModelSpec& model);         // one layer
double norm_parameters(const ModelSpec& model);           // two per layer and the final one
double embedding_parameters(const ModelSpec& model);      // input table and, when untied, LM head
double total_parameters(const ModelSpec& model);
double active_parameters(const ModelSpec& model);  // total less the experts a token does not visit

// Layers whose attention sees the whole sequence; the others see `sliding_window` tokens.
std::int64_t full_attention_layers(const ModelSpec& model);

// Elements of keys and values that one token caches in one layer, whole model:
// 2 * kv_heads * head_dim, or kv_lora_rank + qk_rope_head_dim under MLA.
double kv_elements_per_token_layer(const ModelSpec& model);

// Over all layers, sliding windows not considered.
double kv_bytes_per_token(const ModelSpec& model, DType kv);

// KV of one sequence of `tokens`: a windowed layer keeps at most its window.
Bytes kv_bytes_of_sequence(const ModelSpec& model, Tokens tokens, DType kv);

// Throws Error{place} when a count is not usable: zero layers, kv_heads that do not divide heads,
// top_k above the experts, ... Every reader calls it.
void check_model(const ModelSpec& model, const std::string& place);

}  // namespace inferbench
