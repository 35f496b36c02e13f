#include "harness/catalog/model_spec.hpp"

#include <gtest/gtest.h>

#include "harness/base/error.hpp"
#include "harness/base/random.hpp"
#include "harness/catalog/catalog.hpp"

namespace inferbench {
namespace {

using namespace literals;

// hidden 8, 2 heads of 4 with one KV head, FFN 16 gated, vocabulary 10, 3 layers, untied:
//   attention  8*8 + 2*8*4 + 8*8   = 192
//   ffn        3*8*16              = 384
//   norms      (2*3 + 1) * 8       = 56
//   embedding  2 * 10*8            = 160
ModelSpec small_dense() {
  ModelSpec model;
  model.name = "small";
  model.layers = 3;
  model.hidden = 8;
  model.ffn = 16;
  model.heads = 2;
  model.kv_heads = 1;
  model.head_dim = 4;
  model.vocab = 10;
  model.context = 64;
  return model;
}

TEST(ModelSpec, CountsADenseModelByHand) {
  const ModelSpec model = small_dense();
  EXPECT_EQ(attention_parameters_per_layer(model), 192);
  EXPECT_EQ(dense_ffn_parameters_per_layer(model), 384);
  EXPECT_EQ(norm_parameters(model), 56);
  EXPECT_EQ(embedding_parameters(model), 160);
  EXPECT_EQ(total_parameters(model), 160 + 56 + 3 * (192 + 384));
  EXPECT_EQ(active_parameters(model), total_parameters(model));
}

TEST(ModelSpec, BiasesAndTiedEmbeddingsCount) {
  ModelSpec model = small_dense();
  model.qkv_bias = true;     // 8 + 4 + 4
  model.output_bias = true;  // 8
  model.qk_norm = true;      // 2 * 4
  model.ffn_bias = true;     // 16 + 16 + 8
  model.tie_embeddings = true;
  EXPECT_EQ(attention_parameters_per_layer(model), 192 + 16 + 8 + 8);
  EXPECT_EQ(dense_ffn_parameters_per_layer(model), 384 + 40);
  EXPECT_EQ(embedding_parameters(model), 80);
}

// 4 experts of width 6, 2 per token, 1 shared, the first layer dense:
//   expert 3*8*6 = 144, router 4*8 = 32; a token leaves 2 experts in each of 2 layers out.
TEST(ModelSpec, CountsExpertsAndWhatATokenVisits) {
  ModelSpec model = small_dense();
  model.moe = MoeSpec{.experts = 4, .top_k = 2, .shared = 1, .ffn = 6, .first_dense = 1};
  EXPECT_EQ(model.moe_layers(), 2);
  EXPECT_EQ(model.dense_layers(), 1);
  EXPECT_EQ(expert_parameters(model), 144);
  EXPECT_EQ(shared_expert_parameters(model), 144);
  EXPECT_EQ(router_parameters(model), 32);
  const double total = 160 + 56 + 3 * 192 + 384 + 2 * (5 * 144 + 32);
  EXPECT_EQ(total_parameters(model), total);
  EXPECT_EQ(active_parameters(model), total - 2 * 2 * 144);
}

// Llama 3 8B from its config.json: 2 x 8 x 128 x 32 layers x 2 B = 131,072 B.
TEST(ModelSpec, KvPerTokenUsesKvHeads) {
  EXPECT_EQ(kv_bytes_per_token(find_model("llama-3-8b"), DType::fp16), 131072);
}

// DeepSeek-V3 caches 512 + 64 elements per layer, not 2 x 128 heads x 128.
TEST(ModelSpec, MlaCachesTheLatentAlone) {
  const ModelSpec model = find_model("deepseek-v3");
  EXPECT_EQ(kv_elements_per_token_layer(model), 576);
  EXPECT_EQ(kv_bytes_per_token(model, DType::bf16), 576.0 * 61 * 2);
}

// Yi-34B at 16,384 tokens in 16 bit: 2 x 8 x 128 x 60 x 16,384 x 2 B = 3.75 GiB (an engineering
// talk prints 3.25 GB).
TEST(ModelSpec, Yi34BCacheIs3Point75GiB) {
  const Bytes kv = kv_bytes_of_sequence(find_model("yi-34b"), 16384_tok, DType::fp16);
  EXPECT_EQ(kv.count(), 4026531840.0);
  EXPECT_EQ(kv.count() / (1 << 30), 3.75);
}

// gpt-oss: 18 of 36 layers keep 128 tokens at most. 2 x 8 x 64 elements per token and layer.
TEST(ModelSpec, SlidingWindowLayersKeepTheirWindow) {
  const ModelSpec model = find_model("gpt-oss-120b");
  EXPECT_EQ(full_attention_layers(model), 18);
  const double expected = 18.0 * (1000 + 128) * 1024 * 2;
  EXPECT_EQ(kv_bytes_of_sequence(model, 1000_tok, DType::bf16).count(), expected);
  EXPECT_EQ(kv_bytes_of_sequence(model, 100_tok, DType::bf16).count(), 36.0 * 100 * 1024 * 2);
}

TEST(ModelSpec, MistralSlidesInEveryLayer) {
  EXPECT_EQ(full_attention_layers(find_model("mistral-7b")), 0);
}

// Whatever the shape, a window never adds KV and more tokens never take less.
TEST(ModelSpec, WindowedKvIsMonotoneAndBelowFull) {
  RandomStream random(7, "windowed kv");
  for (int i = 0; i < 500; ++i) {
    ModelSpec model = small_dense();
    model.layers = random.between(1, 40);
    model.sliding_window = random.between(1, 64);
    model.sliding_window_period = random.between(1, 8);
    const Tokens tokens(random.between(1, 300));
    const Bytes windowed = kv_bytes_of_sequence(model, tokens, DType::bf16);
    const Bytes longer = kv_bytes_of_sequence(model, tokens + 1_tok, DType::bf16);
    const double full =
        kv_bytes_per_token(model, DType::bf16) * static_cast<double>(tokens.count());
    EXPECT_LE(windowed.count(), full);
    EXPECT_LE(windowed, longer);
  }
}

void expect_refused(const ModelSpec& model, const std::string& part) {
  try {
    check_model(model, "here.json");
    ADD_FAILURE() << "accepted; expected an error with " << part;
  } catch (const Error& error) {
    EXPECT_NE(std::string(error.what()).find(part), std::string::npos) << error.what();
    EXPECT_EQ(error.place(), "here.json");
  }
}

TEST(ModelSpec, ShapesThatCannotBeAreRefused) {
  ModelSpec model = small_dense();
  model.layers = 0;
  expect_refused(model, "layers = 0");
  model = small_dense();
  model.heads = 3;
  model.kv_heads = 2;
  expect_refused(model, "must divide heads = 3");
  model = small_dense();
  model.ffn_matrices = 4;
  expect_refused(model, "ffn_matrices = 4");
  model = small_dense();
  model.moe = MoeSpec{.experts = 4, .top_k = 5, .ffn = 8};
  expect_refused(model, "moe.top_k = 5");
  model.moe = MoeSpec{.experts = 4, .top_k = 2, .ffn = 8, .first_dense = 3};
  expect_refused(model, "moe.first_dense_layers = 3");
}

}  // namespace
}  // namespace inferbench
