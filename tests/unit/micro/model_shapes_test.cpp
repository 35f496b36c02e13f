#include "harness/micro/model_shapes.hpp"

#include <gtest/gtest.h>

#include "harness/base/error.hpp"
#include "harness/catalog/catalog.hpp"
#include "kernels/registry.hpp"

namespace inferbench {
namespace {

std::string text_of(const std::string& op, const std::string& model, std::int64_t tp) {
  std::string text;
  for (const LayerShape& shape : model_shapes(op, find_model(model), tp)) {
    text += (text.empty() ? "" : " | ") + shape.layer;
    for (const auto& [axis, size] : shape.axes) text += " " + axis + "=" + std::to_string(size);
  }
  return text;
}

// Hidden 8192, 64 heads, 8 KV heads of 128, FFN 28672, vocabulary 128256. On 8 GPUs: qkv is (8 + 2)
// heads * 128 = 1280 columns, gate and up together 2 * 3584 = 7168, the head 16032.
TEST(ModelShapes, LlamaSeventyBillionOnEightGpus) {
  EXPECT_EQ(text_of("gemm", "llama-3-70b", 8),
            "qkv k=8192 n=1280 | out k=1024 n=8192 | gate_up k=8192 n=7168 | down k=3584 n=8192 | "
            "lm_head k=8192 n=16032");
  EXPECT_EQ(text_of("paged_decode", "llama-3-70b", 8), "full head_dim=128 kv_heads=1 q_heads=8");
  EXPECT_EQ(text_of("rmsnorm", "llama-3-70b", 8), "norm columns=8192");
  EXPECT_EQ(text_of("silu_mul", "llama-3-70b", 8), "gate columns=3584");
  EXPECT_EQ(text_of("rope", "llama-3-70b", 1), "q columns=8192 | k columns=1024");
}

// gpu.md 5.2: (2112, 7168), (24576/t, 1536), (32768/t, 512), (7168, 16384/t), dense 36864 and
// 18432, router 256, experts 4096 and 2048.
TEST(ModelShapes, LatentAttentionAndExperts) {
  EXPECT_EQ(text_of("gemm", "deepseek-v3", 1),
            "q_a_kv_a k=7168 n=2112 | q_b k=1536 n=24576 | kv_b k=512 n=32768 | out k=16384 n=7168 "
            "| gate_up k=7168 n=36864 | down k=18432 n=7168 | router k=7168 n=256 | expert_up "
            "k=7168 n=4096 | expert_down k=2048 n=7168 | lm_head k=7168 n=129280");
  EXPECT_THROW(model_shapes("paged_decode", find_model("deepseek-v3"), 1), Error);
}

// 128 heads over 8 GPUs; experts of 2048, of which a GPU has a share of 256. Latents of 512 + 64.
TEST(ModelShapes, EveryStepOfDeepSeek) {
  EXPECT_EQ(text_of("mla_decode", "deepseek-v3", 8),
            "latent latent=512 nope=128 q_heads=16 rope=64");
  EXPECT_EQ(text_of("moe_route", "deepseek-v3", 8), "router experts=256 top_k=8");
  EXPECT_EQ(text_of("moe_combine", "deepseek-v3", 8), "experts experts=256 hidden=7168 top_k=8");
  EXPECT_EQ(text_of("moe_gemm", "deepseek-v3", 8),
            "expert_up experts=256 k=7168 n=512 top_k=8 | "
            "expert_down experts=256 k=256 n=7168 top_k=8");
  EXPECT_EQ(text_of("moe_layer", "deepseek-v3", 1),
            "experts experts=256 hidden=7168 inter=2048 top_k=8");
  EXPECT_EQ(text_of("sample_top_p", "deepseek-v3", 8), "logits vocab=129280");
}

// Two of eight experts of 14336; 32 heads and 8 KV heads of 128, no dense FFN to adapt.
TEST(ModelShapes, EveryStepOfMixtral) {
  EXPECT_EQ(text_of("moe_layer", "mixtral-8x7b", 2),
            "experts experts=8 hidden=4096 inter=7168 top_k=2");
  EXPECT_EQ(text_of("lora", "mixtral-8x7b", 1),
            "q in=4096 out=4096 | k in=4096 out=1024 | out in=4096 out=4096");
  EXPECT_EQ(text_of("lora", "llama-3-8b", 2),
            "q in=4096 out=2048 | k in=4096 out=512 | out in=2048 out=4096 | up in=4096 out=7168 | "
            "down in=7168 out=4096");
}

TEST(ModelShapes, AModelWithoutThePartSaysSo) {
  for (const char* op : {"mla_decode", "moe_route", "moe_permute", "moe_gemm", "moe_layer"}) {
    EXPECT_THROW(model_shapes(op, find_model("llama-3-8b"), 1), Error) << op;
  }
}

TEST(ModelShapes, RefusesWhatDoesNotDivide) {
  try {
    model_shapes("gemm", find_model("llama-3-8b"), 3);
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.problem(), "heads = 32 is not divisible by tp = 3");
    EXPECT_EQ(error.way_out(), "use a divisor (1, 2, 4, 8, 16, 32)");
  }
  EXPECT_THROW(model_shapes("gemm", find_model("llama-3-8b"), 0), Error);
  EXPECT_THROW(model_shapes("all_reduce", find_model("llama-3-8b"), 1), Error);
}

// More GPUs than KV heads: each keeps one.
TEST(ModelShapes, KvHeadsAreRepeated) {
  EXPECT_EQ(text_of("paged_decode", "llama-3-70b", 16), "full head_dim=128 kv_heads=1 q_heads=4");
}

// Every model has shapes for every op it has a place in, and the op knows their axes.
TEST(ModelShapes, NameAxesThatTheOpsHave) {
  for (const std::string& op : ops_with_model_shapes()) {
    for (const ModelSpec& model : models()) {
      if (model.mla && (op == "paged_decode" || op == "prefill_attention")) continue;
      if (!model.mla && op == "mla_decode") continue;
      if (!model.moe && op.starts_with("moe_")) continue;
      if (op == "moe_layer" && model.ffn_matrices != 3) continue;
      for (const LayerShape& shape : model_shapes(op, model, 1)) {
        EXPECT_NO_THROW(make_case(op, "", shape.axes)) << op << " " << model.name;
      }
    }
  }
}

}  // namespace
}  // namespace inferbench
