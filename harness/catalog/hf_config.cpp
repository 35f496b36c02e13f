#include "harness/catalog/hf_config.hpp"

#include <algorithm>
#include <filesystem>
#include <nlohmann/json.hpp>

#include "harness/base/error.hpp"
#include "harness/catalog/hf_family.hpp"
#include "harness/catalog/hf_quantization.hpp"
#include "harness/catalog/json_object.hpp"
#include "harness/catalog/rope_curve.hpp"

namespace inferbench {
namespace {

constexpr const char* kOwnFile = "write the shape as our own model file (docs/catalog.md)";

const HfFamily& find_family(const JsonObject& config) {
  const std::string type = config.text("model_type");
  for (const HfFamily& family : hf_family_table()) {
    if (family.model_type == type) return family;
  }
  Error near = unknown_name(config.place(), "model_type", type, hf_families());
  throw Error(near.place(), near.problem(), near.rule(), kOwnFile);
}

std::int64_t read_head_dim(const JsonObject& config, const ModelSpec& model) {
  if (config.has("head_dim")) return config.integer("head_dim");
  if (model.mla) return model.mla->qk_nope_head_dim;
  if (model.heads < 1 || model.hidden % model.heads != 0) {
    config.refuse("head_dim", "is missing",
                  "hidden_size " + std::to_string(model.hidden) + " is not a multiple of " +
                      std::to_string(model.heads) + " heads",
                  "add \"head_dim\" to the file");
  }
  return model.hidden / model.heads;
}

// Falcon-7B states as many kv heads as heads and shares one: multi_query decides, except in the
// newer architecture of the 40B and 180B models.
std::int64_t read_kv_heads(const JsonObject& config, const ModelSpec& model) {
  const bool multi_query = config.boolean("multi_query", false);
  const bool new_falcon = config.boolean("new_decoder_architecture", false);
  if (multi_query && !new_falcon) return 1;
  return config.optional_integer_of({"num_key_value_heads", "num_kv_heads"}).value_or(model.heads);
}

void read_mla(const JsonObject& config, ModelSpec& model) {
  if (!config.has("kv_lora_rank")) return;
  MlaSpec mla;
  mla.q_lora_rank = config.integer("q_lora_rank", 0);
  mla.kv_lora_rank = config.integer("kv_lora_rank");
  mla.qk_nope_head_dim = config.integer("qk_nope_head_dim");
  mla.qk_rope_head_dim = config.integer("qk_rope_head_dim");
  mla.v_head_dim = config.integer("v_head_dim");
  model.mla = mla;
}

// Layers listed as dense must be the first ones: ModelSpec holds a leading run.
std::int64_t leading_dense_layers(const JsonObject& config) {
  std::int64_t dense = config.integer("first_k_dense_replace", 0);
  if (!config.has("mlp_only_layers")) return dense;
  for (const nlohmann::json& layer : config.array("mlp_only_layers")) {
    if (layer != dense) {
      config.refuse("mlp_only_layers", "is " + config.array("mlp_only_layers").dump(),
                    "only leading layers may be dense", kOwnFile);
    }
    ++dense;
  }
  return dense;
}

void refuse_expert_strides(const JsonObject& config) {
  for (const char* key : {"decoder_sparse_step", "moe_layer_freq"}) {
    if (config.has(key) && config.integer(key) != 1) {
      config.refuse(key, "is " + std::to_string(config.integer(key)),
                    "only 1, experts in every layer after the leading dense ones, is read",
                    kOwnFile);
    }
  }
}

// Qwen2-MoE gives the shared experts' width in one number.
std::int64_t read_shared_experts(const JsonObject& config, const MoeSpec& moe) {
  if (!config.has("shared_expert_intermediate_size")) return config.integer("n_shared_experts", 0);
  const std::int64_t width = config.integer("shared_expert_intermediate_size");
  if (moe.ffn < 1 || width % moe.ffn != 0) {
    config.refuse("shared_expert_intermediate_size", "is " + std::to_string(width),
                  "must be a multiple of the expert width " + std::to_string(moe.ffn), kOwnFile);
  }
  return width / moe.ffn;
}

// What a family's code does where its config does not say.
//
// Sources: modeling_mixtral.py, modeling_qwen3_moe.py, modeling_deepseek_v3.py, modeling_gpt_oss.py
// of github.com/huggingface/transformers.
void read_router(const JsonObject& config, MoeSpec& moe) {
  const std::string type = config.text("model_type");
  const bool sigmoid = config.text("scoring_func", "") == "sigmoid" || type == "deepseek_v3" ||
                       type == "kimi_k2" || type == "glm4_moe";
  const bool over_chosen =
      config.boolean("norm_topk_prob", type == "mixtral" || type == "gpt_oss" || sigmoid);
  moe.scores = sigmoid       ? ExpertScores::sigmoid
               : over_chosen ? ExpertScores::softmax_top_k
                             : ExpertScores::softmax;
  moe.groups = std::max<std::int64_t>(1, config.integer("n_group", 1));
  moe.top_groups = std::max<std::int64_t>(1, config.integer("topk_group", moe.groups));
  if (config.has("routed_scaling_factor")) {
    moe.routed_scale = config.number("routed_scaling_factor");
  }
}

void read_moe(const JsonObject& config, ModelSpec& model) {
  const auto experts =
      config.optional_integer_of({"num_local_experts", "num_experts", "n_routed_experts"});
  if (!experts) return;
  refuse_expert_strides(config);
  MoeSpec moe;
  moe.experts = *experts;
  moe.top_k = config.integer_of({"num_experts_per_tok", "experts_per_token"});
  moe.ffn = config.optional_integer_of({"moe_intermediate_size"}).value_or(model.ffn);
  moe.shared = read_shared_experts(config, moe);
  moe.first_dense = leading_dense_layers(config);
  read_router(config, moe);
  model.moe = moe;
}

// The period of "layer_types": full attention in layers p-1, 2p-1, ... and nowhere else.
void read_layer_types(const JsonObject& config, ModelSpec& model) {
  const std::vector<std::string> types = config.texts("layer_types");
  if (types.size() != static_cast<std::size_t>(model.layers)) {
    config.refuse("layer_types", "has " + std::to_string(types.size()) + " entries",
                  "expected one for each of " + std::to_string(model.layers) + " layers");
  }
  for (const std::string& type : types) {
    if (type != "full_attention" && type != "sliding_attention") {
      config.refuse("layer_types", "holds \"" + type + "\"",
                    "only full_attention and sliding_attention are read", kOwnFile);
    }
  }
  const auto first_full = std::find(types.begin(), types.end(), "full_attention");
  if (first_full == types.end()) return;  // every layer slides
  const auto period = static_cast<std::size_t>(first_full - types.begin()) + 1;
  for (std::size_t layer = 0; layer < types.size(); ++layer) {
    if ((types[layer] == "full_attention") != ((layer + 1) % period == 0)) {
      config.refuse("layer_types", "breaks its period of " + std::to_string(period),
                    "full attention must come every p-th layer", kOwnFile);
    }
  }
  if (period == 1) model.sliding_window = 0;  // every layer is full
  model.sliding_window_period = static_cast<std::int64_t>(period);
}

// Qwen2 slides in the layers from max_window_layers on, which is none of them as shipped.
bool windows_from_a_layer(const JsonObject& config, const ModelSpec& model) {
  if (!config.has("max_window_layers")) return true;
  const std::int64_t from = config.integer("max_window_layers");
  if (from >= model.layers) return false;
  if (from > 0) {
    config.refuse("max_window_layers", "is " + std::to_string(from),
                  "windows in the later layers only are not read", kOwnFile);
  }
  return true;
}

void read_window(const JsonObject& config, const HfFamily& family, ModelSpec& model) {
  if (!config.boolean("use_sliding_window", true) || !config.has("sliding_window")) return;
  model.sliding_window = config.integer("sliding_window");
  if (config.has("layer_types")) return read_layer_types(config, model);
  if (!windows_from_a_layer(config, model)) {
    model.sliding_window = 0;
    return;
  }
  model.sliding_window_period = config.integer("sliding_window_pattern", family.window_period);
}

// transformers 5 moved the base and the scaling into "rope_parameters".
void read_rope(const JsonObject& config, ModelSpec& model) {
  const bool moved = config.has("rope_parameters");
  const JsonObject of_base = moved ? config.object("rope_parameters") : config;
  if (of_base.has("rope_theta")) model.rope_theta = of_base.number("rope_theta");
  if (!moved && !config.has("rope_scaling")) return;
  const JsonObject scaling = moved ? of_base : config.object("rope_scaling");
  RopeScaling rope;
  rope.kind = scaling.text(scaling.has("rope_type") ? "rope_type" : "type", "default");
  if (rope.kind == "default") return;
  rope.factor = scaling.optional_number("factor").value_or(1);
  rope.original_context = scaling.integer("original_max_position_embeddings", model.context);
  read_rope_curve(scaling, rope);
  model.rope_scaling = rope;
}

void read_biases(const JsonObject& config, const HfFamily& family, ModelSpec& model) {
  model.qkv_bias = family.qkv_bias;
  model.output_bias = family.output_bias;
  model.ffn_bias = family.ffn_bias;
  if (!family.bias_key.empty()) {
    const bool bias = config.boolean(std::string(family.bias_key), family.qkv_bias);
    // GLM-4.5 has biases on queries, keys and values alone; a Llama-style switch sets all four.
    model.qkv_bias = bias;
    model.output_bias = bias && family.model_type != "glm4_moe";
  }
  model.qk_norm = family.qk_norm || config.boolean("use_qk_norm", false);
}

void read_shape(const JsonObject& config, const HfFamily& family, ModelSpec& model) {
  model.layers = config.integer_of({"num_hidden_layers", "n_layer"});
  model.hidden = config.integer_of({"hidden_size", "n_embd"});
  model.heads = config.integer_of({"num_attention_heads", "n_head"});
  const auto ffn =
      config.optional_integer_of({"intermediate_size", "n_inner", "ffn_dim", "ffn_hidden_size"});
  if (!ffn && !family.default_4h) config.refuse("intermediate_size", "is missing", "an integer");
  model.ffn = ffn.value_or(4 * model.hidden);
  model.ffn_matrices = family.gated ? 3 : 2;
  model.vocab = config.integer("vocab_size");
  model.context =
      config.optional_integer_of({"max_position_embeddings", "n_positions", "seq_length"})
          .value_or(0);
  if (model.context == 0) {
    model.context = 2048;  // falcon's training length, which its first configs do not state
    model.notes.emplace_back("the file states no context length: 2,048 assumed");
  }
  model.tie_embeddings = config.boolean("tie_word_embeddings", family.tied);
  read_mla(config, model);
  model.kv_heads = model.mla ? model.heads : read_kv_heads(config, model);
  model.head_dim = read_head_dim(config, model);
  if (family.position_rows >= 0) {
    model.extra_embedding_parameters =
        static_cast<double>((model.context + family.position_rows) * model.hidden);
  }
}

void note_what_is_left_out(const JsonObject& config, ModelSpec& model) {
  if (config.integer("num_nextn_predict_layers", 0) > 0) {
    model.notes.emplace_back("multi-token-prediction layers are not counted");
  }
  if (config.has("shared_expert_intermediate_size")) {
    model.notes.emplace_back(
        "the gate of the shared expert (hidden values a layer) is not counted");
  }
}

std::string name_of(const std::string& place) {
  const std::filesystem::path path(place);
  std::string name = path.parent_path().filename().string();
  if (name.empty() || name == ".") name = path.stem().string();
  std::transform(name.begin(), name.end(), name.begin(), [](char c) {
    if (c == ' ' || c == '_') return '-';
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  });
  return name;
}

ModelSpec read_text_model(const JsonObject& config, const JsonObject& file) {
  const HfFamily& family = find_family(config);
  ModelSpec model;
  model.name = name_of(file.place());
  model.title = file.text("_name_or_path", model.name);
  model.kind = "file";
  model.family = family.model_type;
  model.source = file.place();
  read_shape(config, family, model);
  read_biases(config, family, model);
  read_moe(config, model);
  read_window(config, family, model);
  read_rope(config, model);
  model.norm_epsilon = config.has("rms_norm_eps") ? config.number("rms_norm_eps") : 1e-6;
  model.native = hf_native_dtype(file, config, model.notes);
  note_what_is_left_out(config, model);
  check_model(model, file.place());
  return model;
}

}  // namespace

ModelSpec read_hf_config(const std::string& text, const std::string& place) {
  const nlohmann::json json = parse_json(text, place);
  const JsonObject file(json, place);
  if (!file.has("text_config")) return read_text_model(file, file);
  ModelSpec model = read_text_model(file.object("text_config"), file);
  model.notes.emplace_back("only the text model is counted, not the other modalities' towers");
  return model;
}

bool is_hf_config(const nlohmann::json& json) {
  return json.is_object() && (json.contains("model_type") || json.contains("architectures") ||
                              json.contains("text_config"));
}

std::vector<std::string> hf_families() {
  std::vector<std::string> names;
  for (const HfFamily& family : hf_family_table()) names.emplace_back(family.model_type);
  return names;
}

}  // namespace inferbench
