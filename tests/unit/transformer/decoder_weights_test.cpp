#include "harness/execute/transformer/decoder_weights.hpp"

#include <gtest/gtest.h>

#include "decoder_support.hpp"
#include "harness/base/error.hpp"

namespace inferbench {
namespace {

std::string refusal(const std::string& model) {
  try {
    decoder_shape(find_model(model));
  } catch (const Error& error) {
    return error.problem();
  }
  return "";
}

TEST(DecoderShape, NamesWhatIsNotExecuted) {
  EXPECT_EQ(refusal("deepseek-v3"), "");
  EXPECT_EQ(refusal("mixtral-8x7b"), "");
  EXPECT_EQ(refusal("gpt-moe-1.8t"), "");
  EXPECT_EQ(refusal("gpt-oss-120b"), "has biases of the FFN or of the attention's output");
  for (const char* model : {"mistral-7b", "qwen2.5-0.5b", "qwen3-0.6b", "llama-3.1-405b"}) {
    EXPECT_EQ(refusal(model), "") << model;
  }
  EXPECT_EQ(refusal("tinyllama-1.1b"), "");
  EXPECT_EQ(refusal("llama-3-8b"), "");
}

TEST(DecoderFormat, IsNamedByItsNearestNames) {
  EXPECT_EQ(decoder_format("w4a8-g128").name, "w4a8-g128");
  try {
    decoder_format("w4a8");
    FAIL();
  } catch (const Error& error) {
    EXPECT_NE(std::string(error.what()).find("w4a8-g128"), std::string::npos) << error.what();
  }
  // Scales of whole activations, which nobody has seen yet.
  for (const char* calibrated : {"w8a8-smooth", "fp8-tensor", "nvfp4"}) {
    EXPECT_THROW(decoder_format(calibrated), Error) << calibrated;
  }
  EXPECT_THROW(kv_store_type("fp8"), Error);
  EXPECT_THROW(kernel_set("quick"), Error);
}

// Per layer 64 x (64 + 2 * 32) of queries, keys and values, 64 x 64, 64 x 256 and 128 x 64; the
// head 256 x 64: 2 * (8,192 + 4,096 + 16,384 + 8,192) + 16,384 = 90,112 elements. Panels may be
// wider than what is left of a matrix.
TEST(DecoderWeights, PackEveryMatrixOnce) {
  ThreadTeam team(2);
  const DecoderWeights weights(tiny_shape(), decoder_format("fp32"), 1, team);
  EXPECT_GE(weights.linear_bytes(), 90112U * 4);
  EXPECT_LE(weights.linear_bytes(), 90112U * 4 * 1.1);
  EXPECT_EQ(weights.table_bytes(), 256U * 64 * 4);
}

TEST(RandomWeights, HaveTheVarianceOfTheirWidth) {
  const DecoderShape shape = decoder_shape(find_model("tinyllama-1.1b"));
  const RandomWeights weights(shape, 3);
  std::vector<float> row(2048);
  double squares = 0, sum = 0;
  for (std::int64_t r = 0; r < 50; ++r) {
    weights.row(DecoderMatrix::gate_up, 4, r, row);
    for (const float x : row) squares += static_cast<double>(x) * x, sum += x;
  }
  EXPECT_NEAR(squares / 50, 1.0, 0.02);         // 2048 elements of variance 1/2048
  EXPECT_NEAR(sum / (50 * 2048), 0.0, 0.0003);  // 4 standard errors
}

TEST(RandomWeights, DependOnSeedMatrixLayerAndRow) {
  const RandomWeights weights(tiny_shape(), 3), others(tiny_shape(), 4);
  std::vector<float> a(64), b(64);
  weights.row(DecoderMatrix::qkv, 1, 5, a);
  weights.row(DecoderMatrix::qkv, 1, 5, b);
  EXPECT_EQ(a, b);
  others.row(DecoderMatrix::qkv, 1, 5, b);
  EXPECT_NE(a, b);
  weights.row(DecoderMatrix::qkv, 0, 5, b);
  EXPECT_NE(a, b);
  weights.row(DecoderMatrix::qkv, 1, 6, b);
  EXPECT_NE(a, b);
  weights.row(DecoderMatrix::gate_up, 1, 5, b);
  EXPECT_NE(a, b);
}

// With tied embeddings the LM head is the table.
TEST(RandomWeights, TiedHeadIsTheEmbedding) {
  DecoderShape shape = tiny_shape();
  shape.tied = true;
  const RandomWeights weights(shape, 3);
  std::vector<float> a(64), b(64);
  weights.row(DecoderMatrix::embedding, 0, 17, a);
  weights.row(DecoderMatrix::head, 0, 17, b);
  EXPECT_EQ(a, b);
}

}  // namespace
}  // namespace inferbench
