#include "harness/calibrate/probe_steps.hpp"

#include <gtest/gtest.h>

#include "harness/calibrate/decoder_rig.hpp"
#include "harness/catalog/catalog.hpp"

namespace inferbench {
namespace {

std::string text(const ProbeStep& step) {
  return std::to_string(step.sequences) + "x" + std::to_string(step.new_tokens) + "@" +
         std::to_string(step.cached) +
         (step.decode      ? "d"
          : step.attention ? "p"
                           : "g");
}

// Decodes of 1 to 4 requests at contexts of 16 and 40; chunks of up to 6 tokens behind 0 and 64
// cached ones; and chunks of 3 tokens, for linear layers.
TEST(ProbeSteps, CoverBatchesContextsAndChunks) {
  std::vector<std::string> steps;
  for (const ProbeStep& step :
       probe_steps({.step_tokens = 6, .max_batch = 4, .context = 40, .kv_tokens = 100})) {
    steps.push_back(text(step));
  }
  const std::vector<std::string> expected = {
      "1x1@15d", "1x1@39d", "2x1@15d", "2x1@39d", "4x1@15d",  // 4 x 40 tokens are too many
      "1x1@0p",  "1x1@64p", "1x2@0p",  "1x2@64p", "1x4@0p",
      "1x4@64p", "1x6@0p",  "1x6@64p", "1x3@0g"};
  EXPECT_EQ(steps, expected);
}

std::string text(const ProbedOp& op) {
  return text_of(op.site) + " at " + std::to_string(static_cast<int>(op.x)) + "," +
         std::to_string(static_cast<int>(op.y));
}

bool holds(const std::vector<ProbedOp>& ops, const std::string& wanted) {
  for (const ProbedOp& op : ops) {
    if (text(op) == wanted) return true;
  }
  return false;
}

// Three decodes behind 15 tokens, of a model with 4 heads of 16, hidden 64, FFN 128, vocabulary
// 256: linear layers see three tokens, attention three requests at 16, the head three rows.
TEST(ProbeSteps, SayWhereTimesBelong) {
  const DecoderOps ops = decoder_ops(decoder_shape(find_model("tiny-dense-test")), "w8a8", "int8");
  const auto decodes = probed_ops(ops, {3, 1, 15, true, true});
  EXPECT_TRUE(holds(decodes, "gemm w8a8 k=64 n=128 at 3,0"));
  EXPECT_TRUE(holds(decodes, "gemm w8a8 k=64 n=256 at 3,0"));
  EXPECT_TRUE(holds(decodes, "sampling fp32 vocab=256 at 3,0"));
  EXPECT_TRUE(holds(decodes,
                    "decode_attention int8 key_dim=16 kv_heads=2 q_heads=4 value_dim=16 "
                    "window=0 at 3,16"));
  const auto prompt = probed_ops(ops, {1, 8, 32, false, true});
  EXPECT_TRUE(holds(prompt,
                    "prefill_attention int8 key_dim=16 kv_heads=2 q_heads=4 value_dim=16 "
                    "window=0 at 8,32"));
  EXPECT_TRUE(holds(prompt, "silu_mul fp32 width=128 at 8,0"));
  EXPECT_TRUE(holds(prompt, "gemm w8a8 k=64 n=256 at 1,0"));
}

// Each of two ranks has 2 heads and 1 KV head of 16, 64 columns of the FFN and 128 tokens of the
// vocabulary.
TEST(ProbeSteps, KnowRanks) {
  const DecoderOps ops =
      decoder_ops(decoder_shape(find_model("tiny-dense-test")), "bf16", "bf16", 2);
  const auto decodes = probed_ops(ops, {3, 1, 15, true, true});
  EXPECT_TRUE(holds(decodes, "gemm bf16 k=64 n=64 at 3,0"));
  EXPECT_TRUE(holds(decodes, "gemm bf16 k=32 n=64 at 3,0"));
  EXPECT_TRUE(holds(decodes, "gemm bf16 k=64 n=128 at 3,0"));
  EXPECT_TRUE(holds(decodes, "all_reduce fp32 ranks=2 width=64 at 3,0"));
  EXPECT_TRUE(holds(decodes, "gather_logits fp32 ranks=2 vocab=256 at 3,0"));
  EXPECT_TRUE(holds(decodes,
                    "decode_attention bf16 key_dim=16 kv_heads=1 q_heads=2 value_dim=16 "
                    "window=0 at 3,16"));
}

TEST(ProbeSteps, KnowExperts) {
  const DecoderShape shape = decoder_shape(find_model("tiny-moe-test"));
  const auto ops = probed_ops(decoder_ops(shape, "bf16", "bf16"), {1, 4, 0, false, true});
  const std::string experts =
      "moe bf16 experts=" + std::to_string(shape.experts->router.experts) +
      " ffn=" + std::to_string(shape.experts->ffn) +
      " gated=1 hidden=64 top_k=" + std::to_string(shape.experts->router.top_k) + " at 4,0";
  EXPECT_TRUE(holds(ops, experts)) << experts;
}

// A layer of bf16 here is 2 * 64 * (128 + 64 + 3 * 128) bytes, 73,728 and 5 % of padding.
TEST(RigLayers, FillTwiceTheLastCacheOrAreAllOfTheModel) {
  DecoderShape shape = decoder_shape(find_model("tiny-dense-test"));
  const GemmFormat& bf16 = decoder_format("bf16");
  EXPECT_EQ(rig_layers(shape, bf16, 1e9), 2);
  shape.layers = 100;
  EXPECT_EQ(rig_layers(shape, bf16, 387'072), 10);
  EXPECT_EQ(rig_layers(shape, bf16, 1), 1);
}

}  // namespace
}  // namespace inferbench
