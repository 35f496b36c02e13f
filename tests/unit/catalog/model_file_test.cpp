#include "harness/catalog/model_file.hpp"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "harness/base/error.hpp"
#include "harness/catalog/catalog.hpp"
#include "harness/catalog/catalog_json.hpp"

namespace inferbench {
namespace {

nlohmann::json minimal() {
  return {{"name", "my-model"}, {"layers", 2},    {"hidden", 64}, {"ffn", 128},
          {"heads", 4},         {"head_dim", 16}, {"vocab", 256}, {"context_tokens", 128}};
}

std::string refusal(const nlohmann::json& json) {
  try {
    read_models(json.dump(), "my.json");
  } catch (const Error& error) {
    return error.what();
  }
  return "no error";
}

TEST(ModelFile, DefaultsAreAGatedMultiHeadModelInBf16) {
  const ModelSpec model = read_models(minimal().dump(), "my.json").front();
  EXPECT_EQ(model.kv_heads, 4);
  EXPECT_EQ(model.ffn_matrices, 3);
  EXPECT_EQ(model.native, DType::bf16);
  EXPECT_EQ(model.kind, "file");
}

TEST(ModelFile, EveryCatalogEntrySurvivesARoundTrip) {
  const auto again = read_models(catalog_json(models()).dump(), "copy.json");
  ASSERT_EQ(again.size(), models().size());
  for (std::size_t i = 0; i < again.size(); ++i) {
    EXPECT_EQ(catalog_json(again[i]), catalog_json(models()[i]));
  }
}

TEST(ModelFile, EachMissingKeyIsNamed) {
  const nlohmann::json whole = minimal();
  for (const auto& item : whole.items()) {
    nlohmann::json json = whole;
    json.erase(item.key());
    const std::string message = refusal(json);
    EXPECT_NE(message.find("\"" + item.key() + "\" is missing"), std::string::npos) << message;
  }
}

TEST(ModelFile, OddValuesAreRefusedWithTheRule) {
  nlohmann::json json = minimal();
  json["layers"] = 2.5;
  EXPECT_NE(refusal(json).find("\"layers\" is 2.5; expected an integer"), std::string::npos);
  json = minimal();
  json["native_dtype"] = "fp7";
  EXPECT_NE(refusal(json).find("unknown type \"fp7\""), std::string::npos) << refusal(json);
  json = minimal();
  json["kv_heads"] = 3;
  EXPECT_NE(refusal(json).find("must divide heads = 4"), std::string::npos);
  json = minimal();
  json["layer"] = 2;
  EXPECT_NE(refusal(json).find("unknown key \"layer\"; did you mean layers"), std::string::npos);
  EXPECT_NE(refusal({{"models", {1}}}).find("entry 1"), std::string::npos);
}

TEST(ModelFile, AModelOfExpertsAloneNeedsNoDenseWidth) {
  nlohmann::json json = minimal();
  json.erase("ffn");
  json["moe"] = {{"experts", 8}, {"top_k", 2}, {"expert_ffn", 96}};
  const ModelSpec model = read_models(json.dump(), "my.json").front();
  EXPECT_EQ(model.dense_layers(), 0);
  json["moe"]["first_dense_layers"] = 1;
  EXPECT_NE(refusal(json).find("\"ffn\" is missing"), std::string::npos);
}

}  // namespace
}  // namespace inferbench
