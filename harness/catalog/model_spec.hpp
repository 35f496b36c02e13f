#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "harness/base/dtype.hpp"

namespace inferbench {

struct MoeSpec {
  std::int64_t experts = 0;      // routed experts per MoE layer
  std::int64_t top_k = 0;        // routed experts per token
  std::int64_t shared = 0;       // experts every token visits, of width ffn each
  std::int64_t ffn = 0;          // inner width of one expert
  std::int64_t first_dense = 0;  // leading layers with a dense FFN instead
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
  std::string name;    // "llama-3-70b": lower case, dashes
  std::string title;   // "Llama-3-70B"
  std::string source;  // where the numbers are from
  std::vector<std::string> notes;
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
  std::int64_t context = 0;                // longest sequence in tokens
  std::int64_t sliding_window = 0;         // 0: full attention
  std::int64_t sliding_window_period = 1;  // every period-th layer is full attention; 1: none is
  DType native = DType::bf16;
  std::optional<MoeSpec> moe;
  std::optional<MlaSpec> mla;
  std::optional<double> published_parameters;  // what the publisher says, for checking ours

  std::int64_t moe_layers() const { return moe ? layers - moe->first_dense : 0; }
  std::int64_t dense_layers() const { return layers - moe_layers(); }
};

// Parameter counts from the shape (weights, biases of qkv where they exist; norms included).
double attention_parameters_per_layer(const ModelSpec& model);
double dense_ffn_parameters_per_layer(const ModelSpec& model);
double expert_parameters(const ModelSpec& model);         // one routed expert of one layer
double shared_expert_parameters(const ModelSpec& model);  // all shared experts of one layer
double router_parameters(const ModelSpec& model);         // one layer
double embedding_parameters(const ModelSpec& model);      // input table and, when untied, LM head
double total_parameters(const ModelSpec& model);
double active_parameters(const ModelSpec& model);  // that one token's forward pass multiplies

// Elements of keys and values that one token caches in one layer, whole model:
// 2 * kv_heads * head_dim, or kv_lora_rank + qk_rope_head_dim under MLA.
double kv_elements_per_token_layer(const ModelSpec& model);
double kv_bytes_per_token(const ModelSpec& model, DType kv);

}  // namespace inferbench
