// Multi-head latent attention: absorbed execution against keys and values of heads.

#include <gtest/gtest.h>

#include <functional>

#include "decoder_support.hpp"
#include "harness/execute/transformer/decoder_reference.hpp"
#include "harness/execute/transformer/memory_need.hpp"

namespace inferbench {
namespace {

DecoderShape changed(const std::function<void(ModelSpec&)>& change) {
  ModelSpec model = find_model("tiny-mla-test");
  change(model);
  return decoder_shape(model);
}

// Compressed queries and plain ones, cached vectors of 24 (padded to 32) and of 48, yarn.
std::vector<std::pair<std::string, DecoderShape>> variants() {
  return {{"tiny-mla-test", changed([](ModelSpec&) {})},
          {"plain queries", changed([](ModelSpec& m) { m.mla->q_lora_rank = 0; })},
          {"no padding",
           changed([](ModelSpec& m) { m.mla->kv_lora_rank = 32, m.mla->qk_rope_head_dim = 16; })},
          {"narrow values", changed([](ModelSpec& m) { m.mla->v_head_dim = 8; })},
          {"yarn", changed([](ModelSpec& m) {
             m.rope_scaling = RopeScaling{.kind = "yarn", .factor = 40, .original_context = 16};
             m.rope_scaling->mscale = m.rope_scaling->mscale_all_dim = 1;
           })}};
}

TEST(LatentAttention, ComputesWhatItsDefinitionSays) {
  const auto text = random_text(50, 1);
  for (const auto& [name, shape] : variants()) {
    SCOPED_TRACE(name);
    const auto want = decoder_reference(RandomWeights(shape, kWeightSeed), text);
    for (const KernelSet kernels : {KernelSet::invariant, KernelSet::fast}) {
      Model model("fp32", "fp32", 2, kernels, shape);
      expect_near(plain(model, text), want, 2e-5F);
    }
  }
}

TEST(LatentAttention, IsTheSameBitsInAnyCompany) {
  std::uint64_t seed = 90;
  const std::pair<const char*, const char*> formats[] = {
      {"fp32", "fp32"}, {"bf16", "bf16"}, {"w8a8", "int8"}, {"w4a8-g32", "fp8_e4m3"}};
  for (const auto& [weights, kv] : formats) {
    SCOPED_TRACE(std::string(weights) + " " + kv);
    expect_plain_in_random_company(changed([](ModelSpec&) {}), weights, kv, ++seed);
  }
}

// A fork copies its half-filled block of latents.
TEST(LatentAttention, CopiedBlockHoldsTheLatents) {
  const DecoderShape shape = changed([](ModelSpec&) {});
  const auto text = random_text(24, 6);
  Model alone("bf16", "int8", 1, KernelSet::invariant, shape),
      model("bf16", "int8", 1, KernelSet::invariant, shape);
  const auto want = plain(alone, text);
  const std::vector<std::int32_t> first = {5, 6}, forked = {5, 17};
  step(model.decoder, {{std::span(text).first(20), 0, first}});
  model.decoder.kv().copy_block(6, 17);
  const auto out = step(model.decoder, {{std::span(text).subspan(20), 20, forked}});
  EXPECT_TRUE(same_bits(out, std::span(want).subspan(20 * 256)));
}

// DeepSeek-V3 caches 512 + 64 elements per token and layer: a block of 16 tokens in bf16 and 61
// layers takes 61 * 16 * 576 * 2 bytes. Its scores are scaled by 1 / sqrt(192) and, for yarn,
// (0.1 ln 40 + 1)^2.
TEST(LatentAttention, CachesLatentsAlone) {
  const DecoderShape shape = decoder_shape(find_model("deepseek-v3"));
  EXPECT_EQ(KvStore::bytes_per_block(shape, KvType::bf16), 61.0 * 16 * 576 * 2);
  EXPECT_EQ(KvStore::bytes_per_block(shape, KvType::int8), 61.0 * 16 * (576 + 4));
  EXPECT_NEAR(shape.score_scale(), 1.3688879454 * 1.3688879454 / std::sqrt(192.0), 1e-7);
}

// Every weight is counted once: what packing takes is what the catalog counts as parameters, but
// for norms, biases, the table and routers, which are fp32.
TEST(MemoryNeed, IsTheCatalogsCountOfParameters) {
  for (const char* name :
       {"tinyllama-1.1b", "mixtral-8x7b", "qwen3-235b-a22b", "deepseek-v3", "gpt-moe-1.8t"}) {
    const ModelSpec model = find_model(name);
    const DecoderShape shape = decoder_shape(model);
    const MemoryNeed need = memory_need(shape, decoder_format("bf16"), KvType::bf16, 1, 1);
    const double table = static_cast<double>(model.vocab * model.hidden);
    EXPECT_NEAR(need.weights.count() / (1.05 * 2) / (total_parameters(model) - table), 1, 1e-3)
        << name;
  }
}

}  // namespace
}  // namespace inferbench
