#include "harness/catalog/model_file.hpp"

#include <nlohmann/json.hpp>

#include "harness/base/error.hpp"
#include "harness/catalog/json_object.hpp"
#include "harness/catalog/provenance.hpp"
#include "harness/catalog/rope_curve.hpp"

namespace inferbench {
namespace {

DType read_dtype(const JsonObject& object, const std::string& key, const std::string& text) {
  const auto type = parse_dtype(text);
  if (!type) throw unknown_name(object.place() + ": \"" + key + "\"", "type", text, dtype_names());
  return *type;
}

MoeSpec read_moe(const JsonObject& object) {
  MoeSpec moe;
  moe.experts = object.integer("experts");
  moe.top_k = object.integer("top_k");
  moe.shared = object.integer("shared_experts", 0);
  moe.ffn = object.integer("expert_ffn");
  moe.first_dense = object.integer("first_dense_layers", 0);
  moe.scores =
      parse_expert_scores(object.place() + ": \"router\"", object.text("router", "softmax_top_k"));
  moe.groups = object.integer("groups", 1);
  moe.top_groups = object.integer("top_groups", moe.groups);
  moe.routed_scale = object.optional_number("routed_scale").value_or(1);
  object.refuse_unknown();
  return moe;
}

MlaSpec read_mla(const JsonObject& object) {
  MlaSpec mla;
  mla.q_lora_rank = object.integer("q_lora_rank", 0);
  mla.kv_lora_rank = object.integer("kv_lora_rank");
  mla.qk_nope_head_dim = object.integer("qk_nope_head_dim");
  mla.qk_rope_head_dim = object.integer("qk_rope_head_dim");
  mla.v_head_dim = object.integer("v_head_dim");
  object.refuse_unknown();
  return mla;
}

RopeScaling read_rope_scaling(const JsonObject& object) {
  RopeScaling scaling;
  scaling.kind = object.text("kind");
  scaling.factor = object.number("factor");
  scaling.original_context = object.integer("original_context_tokens", 0);
  read_rope_curve(object, scaling);
  object.refuse_unknown();
  return scaling;
}

void read_positions(const JsonObject& object, ModelSpec& model) {
  model.sliding_window = object.integer("sliding_window_tokens", 0);
  model.sliding_window_period = object.integer("full_attention_period", 1);
  model.rope_theta = object.optional_number("rope_theta").value_or(10000);
  if (object.has("rope_scaling")) {
    model.rope_scaling = read_rope_scaling(object.object("rope_scaling"));
  }
}

void read_shape(const JsonObject& object, ModelSpec& model) {
  model.layers = object.integer("layers");
  model.hidden = object.integer("hidden");
  model.ffn_matrices = object.integer("ffn_matrices", 3);
  model.heads = object.integer("heads");
  model.kv_heads = object.integer("kv_heads", model.heads);
  model.head_dim = object.integer("head_dim");
  model.vocab = object.integer("vocab");
  model.tie_embeddings = object.boolean("tie_embeddings", false);
  model.qkv_bias = object.boolean("qkv_bias", false);
  model.output_bias = object.boolean("output_bias", false);
  model.ffn_bias = object.boolean("ffn_bias", false);
  model.qk_norm = object.boolean("qk_norm", false);
  model.extra_embedding_parameters =
      object.optional_number("extra_embedding_parameters").value_or(0.0);
  model.context = object.integer("context_tokens");
  model.norm_epsilon = object.optional_number("norm_epsilon").value_or(1e-5);
  read_positions(object, model);
  if (object.has("moe")) model.moe = read_moe(object.object("moe"));
  if (object.has("mla")) model.mla = read_mla(object.object("mla"));
  model.ffn = model.dense_layers() > 0 ? object.integer("ffn") : object.integer("ffn", 0);
}

ModelSpec read_model(const nlohmann::json& json, const std::string& place) {
  const JsonObject object(json, place);
  ModelSpec model;
  model.name = object.text("name");
  object.has("schema");  // allowed, and checked by the caller
  model.aliases = object.texts("aliases");
  model.title = object.text("title", model.name);
  model.kind = object.text("kind", "file");
  model.source = object.text("source", place);
  model.sources = read_sources(object);
  model.notes = object.texts("notes");
  model.disagreements = read_disagreements(object);
  read_shape(object, model);
  model.native = read_dtype(object, "native_dtype", object.text("native_dtype", "bf16"));
  for (const std::string& type : object.texts("serving_dtypes")) {
    model.serving.push_back(read_dtype(object, "serving_dtypes", type));
  }
  model.published_parameters = object.optional_number("published_parameters");
  model.published_active_parameters = object.optional_number("published_active_parameters");
  object.refuse_unknown();
  check_model(model, place);
  return model;
}

}  // namespace

std::vector<ModelSpec> read_models(const std::string& text, const std::string& place) {
  const nlohmann::json json = parse_json(text, place);
  const JsonObject file(json, place);
  if (!file.has("models")) return {read_model(json, place)};
  const std::string schema = file.text("schema", "inferbench.models/1");
  if (schema != "inferbench.models/1") {
    file.refuse("schema", "is \"" + schema + "\"", "this program reads inferbench.models/1");
  }
  std::vector<ModelSpec> all;
  for (const nlohmann::json& entry : file.array("models")) {
    all.push_back(read_model(entry, place + ": " + entry_name(entry, all.size())));
  }
  file.refuse_unknown();
  return all;
}

}  // namespace inferbench
