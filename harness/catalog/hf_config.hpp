#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

#include "harness/catalog/model_spec.hpp"

namespace inferbench {

// Reads the config.json that a Hugging Face checkpoint carries.
//
// Families: dense, grouped- and multi-query decoders (llama, mistral, qwen2, qwen3, phi3, gemma,
// gpt2, falcon, ...), mixtures of experts (mixtral, qwen2_moe, qwen3_moe, glm4_moe, gpt_oss) and
// multi-head latent attention (deepseek_v2, deepseek_v3, kimi_k2). Multimodal files are read for
// their "text_config". What a config does not say and the count ignores stands in `notes`.
//
// `place` is named in errors. Throws Error for a family that is not known, a missing key, or a
// structure that ModelSpec cannot hold (experts in every second layer, windows without a period).
//
// Source of keys and defaults: github.com/huggingface/transformers,
// src/transformers/models/*/configuration_*.py.
ModelSpec read_hf_config(const std::string& text, const std::string& place);

// Whether a JSON object looks like a Hugging Face config.json rather than our own model file.
bool is_hf_config(const nlohmann::json& json);

// "llama", "mistral", ...: values of "model_type" that read_hf_config knows.
std::vector<std::string> hf_families();

}  // namespace inferbench
