#include "harness/catalog/catalog_json.hpp"

#include <cmath>
#include <nlohmann/json.hpp>

namespace inferbench {
namespace {

using Json = nlohmann::ordered_json;

// Whole numbers without ".0": 80000000000 rather than 80000000000.0.
Json number(double value) {
  if (std::floor(value) == value && std::abs(value) < 9e15) return static_cast<std::int64_t>(value);
  return value;
}

Json disagreements_json(const std::vector<Disagreement>& disagreements) {
  Json rows = Json::array();
  for (const Disagreement& row : disagreements) {
    rows.push_back({{"field", row.field},
                    {"document", row.document},
                    {"document_value", row.document_value},
                    {"catalog_value", row.catalog_value},
                    {"reason", row.reason}});
  }
  return rows;
}

template <class Spec>
void add_provenance(Json& json, const Spec& spec) {
  json["source"] = spec.source;
  if (!spec.sources.empty()) json["sources"] = spec.sources;
  json["notes"] = spec.notes;
  json["disagreements"] = disagreements_json(spec.disagreements);
}

Json moe_json(const MoeSpec& moe) {
  Json json = {{"experts", moe.experts},
               {"top_k", moe.top_k},
               {"shared_experts", moe.shared},
               {"expert_ffn", moe.ffn},
               {"first_dense_layers", moe.first_dense}};
  if (moe.scores != ExpertScores::softmax_top_k) json["router"] = expert_scores_name(moe.scores);
  if (moe.groups > 1) {
    json["groups"] = moe.groups;
    json["top_groups"] = moe.top_groups;
  }
  if (moe.routed_scale != 1) json["routed_scale"] = moe.routed_scale;
  return json;
}

Json mla_json(const MlaSpec& mla) {
  return {{"q_lora_rank", mla.q_lora_rank},
          {"kv_lora_rank", mla.kv_lora_rank},
          {"qk_nope_head_dim", mla.qk_nope_head_dim},
          {"qk_rope_head_dim", mla.qk_rope_head_dim},
          {"v_head_dim", mla.v_head_dim}};
}

Json rope_scaling_json(const RopeScaling& scaling) {
  Json json = {{"kind", scaling.kind}, {"factor", number(scaling.factor)}};
  if (scaling.original_context > 0) json["original_context_tokens"] = scaling.original_context;
  if (scaling.kind == "llama3") {
    json["low_freq_factor"] = number(scaling.low_freq_factor);
    json["high_freq_factor"] = number(scaling.high_freq_factor);
  }
  if (scaling.kind == "yarn") {
    json["beta_fast"] = number(scaling.beta_fast);
    json["beta_slow"] = number(scaling.beta_slow);
    if (scaling.mscale > 0) json["mscale"] = number(scaling.mscale);
    if (scaling.mscale_all_dim > 0) json["mscale_all_dim"] = number(scaling.mscale_all_dim);
  }
  return json;
}

void add_shape(Json& json, const ModelSpec& model) {
  json["layers"] = model.layers;
  json["hidden"] = model.hidden;
  json["ffn"] = model.ffn;
  json["ffn_matrices"] = model.ffn_matrices;
  json["heads"] = model.heads;
  json["kv_heads"] = model.kv_heads;
  json["head_dim"] = model.head_dim;
  json["vocab"] = model.vocab;
  json["tie_embeddings"] = model.tie_embeddings;
  json["qkv_bias"] = model.qkv_bias;
  if (model.output_bias) json["output_bias"] = true;
  if (model.ffn_bias) json["ffn_bias"] = true;
  if (model.qk_norm) json["qk_norm"] = true;
  if (model.extra_embedding_parameters > 0) {
    json["extra_embedding_parameters"] = number(model.extra_embedding_parameters);
  }
  json["context_tokens"] = model.context;
  if (model.sliding_window > 0) {
    json["sliding_window_tokens"] = model.sliding_window;
    json["full_attention_period"] = model.sliding_window_period;
  }
  json["rope_theta"] = number(model.rope_theta);
  if (model.rope_scaling) json["rope_scaling"] = rope_scaling_json(*model.rope_scaling);
  json["norm_epsilon"] = model.norm_epsilon;
}

}  // namespace

Json catalog_json(const HardwareSpec& gpu) {
  Json json = {
      {"name", gpu.name},     {"aliases", gpu.aliases},           {"title", gpu.title},
      {"vendor", gpu.vendor}, {"architecture", gpu.architecture}, {"form_factor", gpu.form_factor}};
  Json peaks = Json::object();
  for (const auto& [type, rate] : gpu.peaks) peaks[std::string(name(type))] = number(rate.count());
  json["peak_dense_flops_per_s"] = peaks;
  if (gpu.sparse_bf16) json["peak_sparse_bf16_flops_per_s"] = number(gpu.sparse_bf16->count());
  json["memory_bytes"] = number(gpu.memory.count());
  if (gpu.usable_memory) json["usable_memory_bytes"] = number(gpu.usable_memory->count());
  json["memory_bandwidth_bytes_per_s"] = number(gpu.memory_bandwidth.count());
  json["memory_type"] = gpu.memory_type;
  json["link"] = gpu.link;
  json["domain_gpus"] = gpu.domain_size;
  json["scale_up_bytes_per_s"] = number(gpu.scale_up.count());
  json["full_mesh"] = gpu.full_mesh;
  json["scale_out_bytes_per_s"] = number(gpu.scale_out.count());
  if (gpu.pcie_generation > 0) json["pcie_generation"] = gpu.pcie_generation;
  json["pcie_bytes_per_s"] = number(gpu.pcie.count());
  if (gpu.power_watts > 0) json["power_watts"] = number(gpu.power_watts);
  json["confidence"] = gpu.confidence;
  add_provenance(json, gpu);
  return json;
}

Json catalog_json(const ModelSpec& model) {
  Json json = {{"name", model.name},
               {"aliases", model.aliases},
               {"title", model.title},
               {"kind", model.kind}};
  add_shape(json, model);
  json["native_dtype"] = name(model.native);
  for (const DType type : model.serving) json["serving_dtypes"].push_back(name(type));
  if (model.moe) json["moe"] = moe_json(*model.moe);
  if (model.mla) json["mla"] = mla_json(*model.mla);
  if (model.published_parameters) {
    json["published_parameters"] = number(*model.published_parameters);
  }
  if (model.published_active_parameters) {
    json["published_active_parameters"] = number(*model.published_active_parameters);
  }
  add_provenance(json, model);
  return json;
}

Json catalog_json(const std::vector<HardwareSpec>& gpus) {
  Json json = {{"schema", "inferbench.gpus/1"}, {"gpus", Json::array()}};
  for (const HardwareSpec& gpu : gpus) json["gpus"].push_back(catalog_json(gpu));
  return json;
}

Json catalog_json(const std::vector<ModelSpec>& models) {
  Json json = {{"schema", "inferbench.models/1"}, {"models", Json::array()}};
  for (const ModelSpec& model : models) json["models"].push_back(catalog_json(model));
  return json;
}

}  // namespace inferbench
