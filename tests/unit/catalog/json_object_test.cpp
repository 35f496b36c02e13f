#include "harness/catalog/json_object.hpp"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "harness/base/error.hpp"
#include "harness/base/random.hpp"
#include "harness/catalog/catalog.hpp"
#include "harness/catalog/catalog_json.hpp"
#include "harness/catalog/gpu_file.hpp"
#include "harness/catalog/hf_config.hpp"
#include "harness/catalog/model_file.hpp"

namespace inferbench {
namespace {

TEST(ParseJson, NamesTheLineWhereItBreaksOff) {
  try {
    parse_json("{\n  \"a\": 1,\n  \"b\": oops\n}\n", "bad.json");
    ADD_FAILURE() << "accepted";
  } catch (const Error& error) {
    EXPECT_EQ(error.place(), "bad.json:3");
  }
}

TEST(ParseJson, EmptyAndTruncatedTextIsNotJson) {
  EXPECT_THROW(parse_json("", "bad.json"), Error);
  EXPECT_THROW(parse_json("{\"a\": [1, 2", "bad.json"), Error);
  EXPECT_THROW(parse_json("{} {}", "bad.json"), Error);
}

TEST(JsonObject, LargeIntegersMayBeWrittenAsFloats) {
  const nlohmann::json json = nlohmann::json::parse(R"({"n": 1.8e12, "half": 0.5, "big": 1e300})");
  const JsonObject object(json, "x.json");
  EXPECT_EQ(object.integer("n"), 1800000000000);
  EXPECT_THROW(object.integer("half"), Error);
  EXPECT_THROW(object.integer("big"), Error);
}

TEST(JsonObject, NullIsAbsent) {
  const nlohmann::json json = {{"a", nullptr}};
  const JsonObject object(json, "x.json");
  EXPECT_FALSE(object.has("a"));
  EXPECT_EQ(object.integer("a", 7), 7);
  EXPECT_THROW(object.integer("a"), Error);
}

// Whatever bytes are flipped in a valid file, the readers answer with a spec or an Error.
TEST(JsonObject, DamagedFilesNeverCrash) {
  const std::string gpu = catalog_json(find_gpu("h100")).dump(1);
  const std::string model = catalog_json(find_model("deepseek-v3")).dump(1);
  const std::string config =
      R"({"model_type": "gpt_oss", "num_hidden_layers": 2, "hidden_size": 64, "head_dim": 16,
          "intermediate_size": 32, "num_attention_heads": 4, "num_key_value_heads": 2,
          "num_local_experts": 8, "num_experts_per_tok": 2, "vocab_size": 256,
          "sliding_window": 16, "layer_types": ["sliding_attention", "full_attention"],
          "max_position_embeddings": 128, "quantization_config": {"quant_method": "mxfp4"}})";
  EXPECT_EQ(read_hf_config(config, "x/config.json").moe->experts, 8);
  RandomStream random(3, "damaged json");
  int refused = 0;
  for (int i = 0; i < 3000; ++i) {
    const auto damage = [&](std::string text) {
      for (int flips = 0; flips < 2; ++flips) {
        text[random.below(text.size())] = static_cast<char>(random.between(32, 126));
      }
      return text;
    };
    try {
      if (i % 3 == 0) read_gpus(damage(gpu), "x.json");
      if (i % 3 == 1) read_models(damage(model), "x.json");
      if (i % 3 == 2) read_hf_config(damage(config), "x/config.json");
    } catch (const Error&) {
      ++refused;
    }
  }
  EXPECT_GT(refused, 500);
}

}  // namespace
}  // namespace inferbench
