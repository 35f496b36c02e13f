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
      for (const LayerShape& shape : model_shapes(op, model, 1)) {
        EXPECT_NO_THROW(make_case(op, "", shape.axes)) << op << " " << model.name;
      }
    }
  }
}

}  // namespace
}  // namespace inferbench
