// Decoders whose FFNs are experts: routers, shared experts, leading dense layers.

#include <gtest/gtest.h>

#include "decoder_support.hpp"
#include "harness/execute/transformer/decoder_reference.hpp"
#include "harness/execute/transformer/memory_need.hpp"

namespace inferbench {
namespace {

// As Mixtral: softmax over the 2 of 8 that are chosen, in every layer.
DecoderShape mixtral_like() {
  return decoder_shape(find_model("tiny-moe-test"));
}

// As DeepSeek-V3 but for its attention: sigmoids with a bias, the better of 2 groups, a shared
// expert, the first layer dense.
DecoderShape deepseek_like() {
  ModelSpec model = find_model("tiny-mla-test");
  model.mla.reset();
  return decoder_shape(model);
}

// As Qwen3-MoE without norm_topk_prob: weights of the chosen are softmax over all.
DecoderShape softmax_routed() {
  ModelSpec model = find_model("tiny-moe-test");
  model.moe->scores = ExpertScores::softmax;
  model.moe->shared = 2;
  model.moe->top_k = 3;
  return decoder_shape(model);
}

// As GPT-MoE: experts of two matrices, one of them shared.
DecoderShape ungated() {
  ModelSpec model = find_model("tiny-moe-test");
  model.ffn_matrices = 2;
  model.moe->shared = 1;
  return decoder_shape(model);
}

TEST(DecoderExperts, ComputeWhatTheirDefinitionSays) {
  const auto text = random_text(50, 1);
  for (const DecoderShape& shape : {mixtral_like(), deepseek_like(), softmax_routed(), ungated()}) {
    const auto want = decoder_reference(RandomWeights(shape, kWeightSeed), text);
    for (const KernelSet kernels : {KernelSet::invariant, KernelSet::fast}) {
      Model model("fp32", "fp32", 2, kernels, shape);
      expect_near(plain(model, text), want, 2e-5F);
    }
  }
}

// Where rounding turns a choice of experts over, logits move by what an expert is worth; most rows
// of narrow formats stay near all the same.
TEST(DecoderExperts, MostTokensStayNearInNarrowFormats) {
  const auto text = random_text(40, 2);
  const auto want = decoder_reference(RandomWeights(mixtral_like(), kWeightSeed), text);
  Model model("bf16", "bf16", 1, KernelSet::invariant, mixtral_like());
  const auto got = plain(model, text);
  int near = 0;
  for (std::size_t row = 0; row < text.size(); ++row) {
    float worst = 0;
    for (std::size_t i = row * 256; i < (row + 1) * 256; ++i) {
      worst = std::max(worst, std::abs(got[i] - want[i]));
    }
    near += worst < 0.1F ? 1 : 0;
  }
  EXPECT_GE(near, 36);
}

TEST(DecoderExperts, AreTheSameBitsInAnyCompany) {
  std::uint64_t seed = 50;
  for (const DecoderShape& shape : {mixtral_like(), deepseek_like(), ungated()}) {
    for (const auto& [weights, kv] : {std::pair{"fp32", "fp32"}, std::pair{"bf16", "bf16"},
                                      std::pair{"w8a8", "int8"}, std::pair{"w4a8-g32", "bf16"}}) {
      SCOPED_TRACE(std::string(weights) + " " + kv);
      expect_plain_in_random_company(shape, weights, kv, ++seed);
    }
  }
}

// Every format that computes rows of 64 and of 96 elements packs experts too.
TEST(DecoderExperts, RunInEveryFormatOfTheirWidth) {
  const auto text = random_text(20, 3);
  for (const std::string& format : decoder_formats()) {
    if (!linear_support(decoder_format(format), 64).ok ||
        !linear_support(decoder_format(format), 96).ok) {
      continue;
    }
    SCOPED_TRACE(format);
    Model model(format, "bf16", 1, KernelSet::fast, mixtral_like());
    for (const float logit : plain(model, text)) ASSERT_TRUE(std::isfinite(logit));
  }
}

TEST(DecoderExperts, TakeTimeOfTheirOwn) {
  Model model("bf16", "bf16", 1, KernelSet::fast, mixtral_like());
  plain(model, random_text(20, 10));
  EXPECT_GT(model.decoder.times().moe, Duration(0));
  Model dense("bf16", "bf16");
  plain(dense, random_text(20, 10));
  EXPECT_EQ(dense.decoder.times().moe, Duration(0));
}

// Mixtral 8x7B: 32 layers of 4096 * (4096 + 2 * 1024 + 4096) of attention, 8 experts of
// 3 * 4096 * 14336 and a router of 8 * 4096 in fp32; a head of 32,000 * 4096.
TEST(DecoderExperts, NeedMemoryForAllOfThem) {
  const DecoderShape shape = decoder_shape(find_model("mixtral-8x7b"));
  const MemoryNeed need = memory_need(shape, decoder_format("bf16"), KvType::bf16, 10, 128);
  const double layer = 4096.0 * (4096 + 2 * 1024 + 4096) + 8 * 3.0 * 4096 * 14336;
  const double elements = 32 * layer + 32000.0 * 4096;
  EXPECT_NEAR(need.weights.count(), 1.05 * (2 * elements + 4 * 32.0 * 8 * 4096), 1e3);
}

}  // namespace
}  // namespace inferbench
