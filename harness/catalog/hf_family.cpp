#include "harness/catalog/hf_family.hpp"

namespace inferbench {
namespace {

// From configuration_*.py and modeling_*.py of each family in github.com/huggingface/transformers.
constexpr HfFamily kFamilies[] = {
    {.model_type = "llama"},
    {.model_type = "mistral", .bias_key = ""},
    {.model_type = "granite"},
    {.model_type = "internlm2", .bias_key = "bias"},
    {.model_type = "qwen2", .bias_key = "", .qkv_bias = true},
    {.model_type = "qwen3", .qk_norm = true},
    {.model_type = "phi3", .bias_key = ""},
    {.model_type = "gemma", .tied = true},
    {.model_type = "gemma2", .tied = true, .window_period = 2},
    {.model_type = "gemma3_text", .qk_norm = true, .tied = true, .window_period = 6},
    {.model_type = "cohere", .tied = true},
    {.model_type = "cohere2", .tied = true, .window_period = 4},
    {.model_type = "starcoder2",
     .gated = false,
     .bias_key = "",
     .qkv_bias = true,
     .output_bias = true,
     .ffn_bias = true,
     .tied = true},
    {.model_type = "gpt2",
     .gated = false,
     .bias_key = "",
     .qkv_bias = true,
     .output_bias = true,
     .ffn_bias = true,
     .tied = true,
     .default_4h = true,
     .position_rows = 0},
    {.model_type = "gpt_bigcode",
     .gated = false,
     .bias_key = "",
     .qkv_bias = true,
     .output_bias = true,
     .ffn_bias = true,
     .tied = true,
     .default_4h = true,
     .position_rows = 0},
    {.model_type = "gpt_neox",
     .gated = false,
     .bias_key = "",
     .qkv_bias = true,
     .output_bias = true,
     .ffn_bias = true},
    {.model_type = "opt",
     .gated = false,
     .bias_key = "",
     .qkv_bias = true,
     .output_bias = true,
     .ffn_bias = true,
     .tied = true,
     .position_rows = 2},
    {.model_type = "falcon", .gated = false, .bias_key = "bias", .tied = true, .default_4h = true},
    {.model_type = "mixtral", .bias_key = ""},
    {.model_type = "qwen2_moe", .bias_key = "", .qkv_bias = true},
    {.model_type = "qwen3_moe", .qk_norm = true},
    {.model_type = "glm4_moe"},
    {.model_type = "gpt_oss",
     .qkv_bias = true,
     .output_bias = true,
     .ffn_bias = true,
     .window_period = 2},
    {.model_type = "deepseek"},
    {.model_type = "deepseek_v2"},
    {.model_type = "deepseek_v3"},
    {.model_type = "kimi_k2"},
};

}  // namespace

std::span<const HfFamily> hf_family_table() {
  return kFamilies;
}

}  // namespace inferbench
