// Real config.json files, cut to the keys that matter; the published parameter counts are the
// independent answer.

#include "harness/catalog/hf_config.hpp"

#include <gtest/gtest.h>

#include "harness/catalog/catalog.hpp"

namespace inferbench {
namespace {

ModelSpec read(const std::string& text) {
  return read_hf_config(text, "models/some-model/config.json");
}

// A config.json must give the counts of the catalog's own entry.
void expect_same_counts(const ModelSpec& read, const char* catalog_name) {
  const ModelSpec known = find_model(catalog_name);
  EXPECT_EQ(total_parameters(read), total_parameters(known)) << catalog_name;
  EXPECT_EQ(active_parameters(read), active_parameters(known)) << catalog_name;
  EXPECT_EQ(kv_bytes_per_token(read, DType::bf16), kv_bytes_per_token(known, DType::bf16));
  EXPECT_EQ(full_attention_layers(read), full_attention_layers(known)) << catalog_name;
  EXPECT_EQ(read.native, known.native) << catalog_name;
}

TEST(HfConfig, GroupedQueryDense) {
  const ModelSpec model = read(R"({
    "architectures": ["LlamaForCausalLM"], "attention_bias": false, "hidden_act": "silu",
    "hidden_size": 8192, "intermediate_size": 28672, "max_position_embeddings": 8192,
    "model_type": "llama", "num_attention_heads": 64, "num_hidden_layers": 80,
    "num_key_value_heads": 8, "rms_norm_eps": 1e-05, "tie_word_embeddings": false,
    "torch_dtype": "bfloat16", "vocab_size": 128256})");
  expect_same_counts(model, "llama-3-70b");
  EXPECT_EQ(model.name, "some-model");
  EXPECT_EQ(model.context, 8192);
}

TEST(HfConfig, QueryBiasesAndAnUnusedWindow) {
  expect_same_counts(read(R"({
    "hidden_size": 3584, "intermediate_size": 18944, "max_position_embeddings": 131072,
    "max_window_layers": 28, "model_type": "qwen2", "num_attention_heads": 28,
    "num_hidden_layers": 28, "num_key_value_heads": 4, "sliding_window": 131072,
    "tie_word_embeddings": false, "torch_dtype": "bfloat16", "use_sliding_window": false,
    "vocab_size": 152064})"),
                     "qwen2.5-7b");
}

TEST(HfConfig, WindowInEveryLayer) {
  expect_same_counts(read(R"({
    "hidden_size": 4096, "intermediate_size": 14336, "max_position_embeddings": 32768,
    "model_type": "mistral", "num_attention_heads": 32, "num_hidden_layers": 32,
    "num_key_value_heads": 8, "sliding_window": 4096, "tie_word_embeddings": false,
    "torch_dtype": "bfloat16", "vocab_size": 32000})"),
                     "mistral-7b");
}

TEST(HfConfig, MixtralPutsExpertsInIntermediateSize) {
  expect_same_counts(read(R"({
    "hidden_size": 4096, "intermediate_size": 14336, "max_position_embeddings": 32768,
    "model_type": "mixtral", "num_attention_heads": 32, "num_experts_per_tok": 2,
    "num_hidden_layers": 32, "num_key_value_heads": 8, "num_local_experts": 8,
    "sliding_window": null, "tie_word_embeddings": false, "torch_dtype": "bfloat16",
    "vocab_size": 32000})"),
                     "mixtral-8x7b");
}

TEST(HfConfig, Qwen3MoeHasNormsOnQueriesAndKeys) {
  expect_same_counts(read(R"({
    "attention_bias": false, "decoder_sparse_step": 1, "head_dim": 128, "hidden_size": 2048,
    "intermediate_size": 6144, "max_position_embeddings": 40960, "max_window_layers": 48,
    "mlp_only_layers": [], "model_type": "qwen3_moe", "moe_intermediate_size": 768,
    "num_attention_heads": 32, "num_experts": 128, "num_experts_per_tok": 8,
    "num_hidden_layers": 48, "num_key_value_heads": 4, "sliding_window": null,
    "tie_word_embeddings": false, "torch_dtype": "bfloat16", "use_sliding_window": false,
    "vocab_size": 151936})"),
                     "qwen3-30b-a3b");
}

TEST(HfConfig, DeepSeekCachesALatentAndStoresBlocks) {
  const ModelSpec model = read(R"({
    "first_k_dense_replace": 3, "hidden_size": 7168, "intermediate_size": 18432,
    "kv_lora_rank": 512, "max_position_embeddings": 163840, "model_type": "deepseek_v3",
    "moe_intermediate_size": 2048, "moe_layer_freq": 1, "n_routed_experts": 256,
    "n_shared_experts": 1, "num_attention_heads": 128, "num_experts_per_tok": 8,
    "num_hidden_layers": 61, "num_key_value_heads": 128, "num_nextn_predict_layers": 1,
    "q_lora_rank": 1536, "qk_nope_head_dim": 128, "qk_rope_head_dim": 64,
    "quantization_config": {"activation_scheme": "dynamic", "fmt": "e4m3",
                            "quant_method": "fp8", "weight_block_size": [128, 128]},
    "tie_word_embeddings": false, "torch_dtype": "bfloat16", "v_head_dim": 128,
    "vocab_size": 129280})");
  expect_same_counts(model, "deepseek-v3");
  EXPECT_EQ(model.notes.size(), 1U);  // the multi-token-prediction layer
}

// Llama 3.1's keys, and where transformers 5 puts them.
TEST(HfConfig, ReadsHowPositionsAreRotated) {
  const std::string shape = R"("model_type": "llama", "hidden_size": 64, "intermediate_size": 128,
    "num_hidden_layers": 2, "num_attention_heads": 4, "vocab_size": 256,
    "max_position_embeddings": 131072, "rms_norm_eps": 1e-5, )";
  const std::string scaling = R"("factor": 8.0, "low_freq_factor": 1.0, "high_freq_factor": 4.0,
    "original_max_position_embeddings": 8192, "rope_type": "llama3")";
  for (const std::string& rope :
       {R"("rope_theta": 500000.0, "rope_scaling": {)" + scaling + "}",
        R"("rope_parameters": {"rope_theta": 500000.0, )" + scaling + "}"}) {
    const ModelSpec model = read("{" + shape + rope + "}");
    EXPECT_EQ(model.rope_theta, 500000);
    EXPECT_EQ(model.norm_epsilon, 1e-5);
    EXPECT_EQ(model.family, "llama");
    ASSERT_TRUE(model.rope_scaling.has_value());
    EXPECT_EQ(model.rope_scaling->kind, "llama3");
    EXPECT_EQ(model.rope_scaling->factor, 8);
    EXPECT_EQ(model.rope_scaling->original_context, 8192);
  }
  const ModelSpec plain = read("{" + shape + R"("rope_scaling": null})");
  EXPECT_EQ(plain.rope_theta, 10000);
  EXPECT_FALSE(plain.rope_scaling.has_value());
}

TEST(HfConfig, RoutersAreThoseOfTheFamily) {
  const auto router = [](const std::string& more) {
    return *read(R"({"hidden_size": 64, "intermediate_size": 128, "num_hidden_layers": 2,
      "num_attention_heads": 4, "vocab_size": 256, "max_position_embeddings": 128,
      "num_experts": 8, "num_experts_per_tok": 2, "moe_intermediate_size": 96, )" +
                 more + "}")
                .moe;
  };
  EXPECT_EQ(router(R"("model_type": "mixtral")").scores, ExpertScores::softmax_top_k);
  EXPECT_EQ(router(R"("model_type": "qwen3_moe", "norm_topk_prob": true)").scores,
            ExpertScores::softmax_top_k);
  EXPECT_EQ(router(R"("model_type": "qwen3_moe", "norm_topk_prob": false)").scores,
            ExpertScores::softmax);
  const MoeSpec moe = router(R"("model_type": "deepseek_v3", "norm_topk_prob": true, "n_group": 4,
                                "topk_group": 2, "routed_scaling_factor": 2.5)");
  EXPECT_EQ(moe.scores, ExpertScores::sigmoid);
  EXPECT_EQ(moe.groups, 4);
  EXPECT_EQ(moe.top_groups, 2);
  EXPECT_EQ(moe.routed_scale, 2.5);
}

// DeepSeek-V2-Lite: 15.7B, queries not compressed.
TEST(HfConfig, DeepSeekV2LiteHasPlainQueries) {
  const ModelSpec model = read(R"({
    "first_k_dense_replace": 1, "hidden_size": 2048, "intermediate_size": 10944,
    "kv_lora_rank": 512, "max_position_embeddings": 163840, "model_type": "deepseek_v2",
    "moe_intermediate_size": 1408, "moe_layer_freq": 1, "n_routed_experts": 64,
    "n_shared_experts": 2, "num_attention_heads": 16, "num_experts_per_tok": 6,
    "num_hidden_layers": 27, "num_key_value_heads": 16, "q_lora_rank": null,
    "qk_nope_head_dim": 128, "qk_rope_head_dim": 64, "tie_word_embeddings": false,
    "torch_dtype": "bfloat16", "v_head_dim": 128, "vocab_size": 102400})");
  EXPECT_NEAR(total_parameters(model) / 15706484224.0, 1.0, 1e-6);
  EXPECT_NEAR(active_parameters(model) / 1e9, 2.66, 0.01);
}

TEST(HfConfig, GptOssAlternatesWindowsAndStoresExpertsInMxfp4) {
  std::string layer_types;
  for (int layer = 0; layer < 36; ++layer) {
    layer_types += layer == 0 ? "" : ", ";
    layer_types += layer % 2 == 0 ? "\"sliding_attention\"" : "\"full_attention\"";
  }
  expect_same_counts(read(R"({
    "attention_bias": true, "experts_per_token": 4, "head_dim": 64, "hidden_size": 2880,
    "intermediate_size": 2880, "layer_types": [)" +
                          layer_types + R"(],
    "max_position_embeddings": 131072, "model_type": "gpt_oss", "num_attention_heads": 64,
    "num_experts_per_tok": 4, "num_hidden_layers": 36, "num_key_value_heads": 8,
    "num_local_experts": 128, "quantization_config": {"quant_method": "mxfp4"},
    "sliding_window": 128, "tie_word_embeddings": false, "vocab_size": 201088})"),
                     "gpt-oss-120b");
}

// Falcon-7B publishes 6,921,720,704 parameters; its 71 heads share one key and value head although
// the file states 71.
TEST(HfConfig, FalconSharesOneKvHead) {
  const ModelSpec model = read(R"({
    "bias": false, "hidden_size": 4544, "model_type": "falcon", "multi_query": true,
    "new_decoder_architecture": false, "num_attention_heads": 71, "num_hidden_layers": 32,
    "num_kv_heads": 71, "parallel_attn": true, "torch_dtype": "bfloat16", "vocab_size": 65024})");
  EXPECT_EQ(model.kv_heads, 1);
  EXPECT_EQ(model.ffn, 4 * 4544);
  EXPECT_NEAR(total_parameters(model) / 6921720704.0, 1.0, 1e-5);
}

// StarCoderBase publishes 15,517,456,384 parameters, learned positions included.
TEST(HfConfig, GptBigCodeHasLearnedPositions) {
  const ModelSpec model = read(R"({
    "model_type": "gpt_bigcode", "multi_query": true, "n_embd": 6144, "n_head": 48,
    "n_inner": 24576, "n_layer": 40, "n_positions": 8192, "torch_dtype": "float32",
    "vocab_size": 49152})");
  EXPECT_EQ(model.kv_heads, 1);
  EXPECT_EQ(model.native, DType::fp32);
  EXPECT_NEAR(total_parameters(model) / 15517456384.0, 1.0, 1e-4);
}

// Gemma 2 9B publishes 9,241,705,984 parameters; every second layer slides.
TEST(HfConfig, GemmaAlternatesByFamily) {
  const ModelSpec model = read(R"({
    "head_dim": 256, "hidden_size": 3584, "intermediate_size": 14336,
    "max_position_embeddings": 8192, "model_type": "gemma2", "num_attention_heads": 16,
    "num_hidden_layers": 42, "num_key_value_heads": 8, "sliding_window": 4096,
    "torch_dtype": "float32", "vocab_size": 256000})");
  EXPECT_NEAR(total_parameters(model) / 9241705984.0, 1.0, 1e-4);
  EXPECT_EQ(full_attention_layers(model), 21);
}

// Gemma 3 27B wraps its text model; five sliding layers to one full of 62.
TEST(HfConfig, MultimodalFilesAreReadForTheirText) {
  const ModelSpec model = read(R"({
    "architectures": ["Gemma3ForConditionalGeneration"], "model_type": "gemma3",
    "text_config": {"head_dim": 128, "hidden_size": 5376, "intermediate_size": 21504,
      "max_position_embeddings": 131072, "model_type": "gemma3_text", "num_attention_heads": 32,
      "num_hidden_layers": 62, "num_key_value_heads": 16, "sliding_window": 1024,
      "vocab_size": 262208},
    "torch_dtype": "bfloat16", "vision_config": {"hidden_size": 1152}})");
  EXPECT_EQ(full_attention_layers(model), 10);
  EXPECT_NEAR(total_parameters(model) / 27.0e9, 1.0, 0.01);
  EXPECT_EQ(model.native, DType::bf16);
}

// Qwen1.5-MoE-A2.7B: 14.3B; shared experts of 5,632 are four of 1,408.
TEST(HfConfig, SharedExpertsGivenAsOneWidth) {
  const ModelSpec model = read(R"({
    "decoder_sparse_step": 1, "hidden_size": 2048, "intermediate_size": 5632,
    "max_position_embeddings": 8192, "model_type": "qwen2_moe", "moe_intermediate_size": 1408,
    "num_attention_heads": 16, "num_experts": 60, "num_experts_per_tok": 4,
    "num_hidden_layers": 24, "num_key_value_heads": 16, "shared_expert_intermediate_size": 5632,
    "tie_word_embeddings": false, "torch_dtype": "bfloat16", "use_sliding_window": false,
    "vocab_size": 151936})");
  EXPECT_EQ(model.moe->shared, 4);
  EXPECT_NEAR(total_parameters(model) / 14315784192.0, 1.0, 1e-4);
}

DType native_of(const std::string& quantization) {
  return read(R"({"model_type": "llama", "num_hidden_layers": 2, "hidden_size": 64,
    "intermediate_size": 128, "num_attention_heads": 4, "vocab_size": 256,
    "max_position_embeddings": 128, "torch_dtype": "bfloat16",
    "quantization_config": )" +
              quantization + "}")
      .native;
}

TEST(HfConfig, QuantizedCheckpointsStateTheirType) {
  EXPECT_EQ(native_of(R"({"quant_method": "awq", "bits": 4})"), DType::int4);
  EXPECT_EQ(native_of(R"({"quant_method": "gptq", "bits": 8})"), DType::int8);
  EXPECT_EQ(native_of(R"({"quant_method": "fp8"})"), DType::fp8);
  EXPECT_EQ(native_of(R"({"quant_method": "modelopt", "quant_algo": "NVFP4"})"), DType::nvfp4);
  EXPECT_EQ(native_of(R"({"quant_method": "compressed-tensors", "config_groups":
      {"group_0": {"weights": {"num_bits": 8, "type": "float", "strategy": "channel"}}}})"),
            DType::fp8);
  EXPECT_EQ(native_of(R"({"quant_method": "compressed-tensors", "config_groups":
      {"group_0": {"weights": {"num_bits": 4, "type": "int", "strategy": "group"}}}})"),
            DType::int4);
}

}  // namespace
}  // namespace inferbench
