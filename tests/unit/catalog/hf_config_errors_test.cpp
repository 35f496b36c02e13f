#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "harness/base/error.hpp"
#include "harness/catalog/hf_config.hpp"

namespace inferbench {
namespace {

nlohmann::json dense() {
  return {{"model_type", "llama"},          {"num_hidden_layers", 4},   {"hidden_size", 64},
          {"intermediate_size", 128},       {"vocab_size", 256},        {"num_attention_heads", 4},
          {"max_position_embeddings", 128}, {"torch_dtype", "bfloat16"}};
}

nlohmann::json experts() {
  nlohmann::json json = dense();
  json["model_type"] = "qwen3_moe";
  json["num_experts"] = 8;
  json["num_experts_per_tok"] = 2;
  json["moe_intermediate_size"] = 32;
  return json;
}

void expect_refused(const nlohmann::json& json, const std::string& part) {
  try {
    read_hf_config(json.dump(), "m/config.json");
    ADD_FAILURE() << "accepted; expected an error with " << part;
  } catch (const Error& error) {
    EXPECT_NE(std::string(error.what()).find(part), std::string::npos) << error.what();
    EXPECT_TRUE(error.place().starts_with("m/config.json")) << error.place();
  }
}

TEST(HfConfigErrors, EachMissingKeyIsNamed) {
  for (const char* key : {"model_type", "num_hidden_layers", "hidden_size", "intermediate_size",
                          "vocab_size", "num_attention_heads"}) {
    nlohmann::json json = dense();
    json.erase(key);
    expect_refused(json, key);
  }
  nlohmann::json json = experts();
  json.erase("num_experts_per_tok");
  expect_refused(json, "num_experts_per_tok");
}

TEST(HfConfigErrors, AnUnknownFamilyIsAnsweredWithTheNearest) {
  nlohmann::json json = dense();
  json["model_type"] = "qwen4_moe";
  expect_refused(json, "qwen2_moe");
  json["model_type"] = "mamba";
  expect_refused(json, "unknown model_type \"mamba\"");
}

TEST(HfConfigErrors, HeadsThatDoNotDivideNeedAHeadDim) {
  nlohmann::json json = dense();
  json["num_attention_heads"] = 5;
  expect_refused(json, "64 is not a multiple of 5 heads");
  json["head_dim"] = 16;
  EXPECT_EQ(read_hf_config(json.dump(), "m/config.json").head_dim, 16);
}

TEST(HfConfigErrors, StructuresThatCannotBeHeldAreRefused) {
  nlohmann::json json = experts();
  json["decoder_sparse_step"] = 2;
  expect_refused(json, "\"decoder_sparse_step\" is 2");
  json = experts();
  json["mlp_only_layers"] = {1, 3};
  expect_refused(json, "only leading layers may be dense");
  json["mlp_only_layers"] = {0, 1};
  EXPECT_EQ(read_hf_config(json.dump(), "m/config.json").moe->first_dense, 2);
  json = dense();
  json["sliding_window"] = 16;
  json["layer_types"] = {"sliding_attention", "full_attention", "full_attention",
                         "sliding_attention"};
  expect_refused(json, "breaks its period of 2");
  json["layer_types"] = {"linear_attention", "full_attention", "linear_attention",
                         "full_attention"};
  expect_refused(json, "linear_attention");
  json["layer_types"] = {"full_attention"};
  expect_refused(json, "has 1 entries");
}

TEST(HfConfigErrors, OddValuesAreRefused) {
  nlohmann::json json = dense();
  json["hidden_size"] = "64";
  expect_refused(json, "\"hidden_size\" is \"64\"; expected an integer");
  json = dense();
  json["num_hidden_layers"] = -1;
  expect_refused(json, "layers = -1");
  json = dense();
  json["num_key_value_heads"] = 3;
  expect_refused(json, "must divide heads = 4");
  json = dense();
  json["torch_dtype"] = "complex64";
  expect_refused(json, "complex64");
  json = dense();
  json["quantization_config"] = {{"quant_method", "quip"}};
  expect_refused(json, "unknown quant_method");
}

TEST(HfConfigErrors, LayerTypesThatAreAllFullSwitchTheWindowOff) {
  nlohmann::json json = dense();
  json["sliding_window"] = 16;
  json["layer_types"] = std::vector<std::string>(4, "full_attention");
  EXPECT_EQ(read_hf_config(json.dump(), "m/config.json").sliding_window, 0);
}

}  // namespace
}  // namespace inferbench
