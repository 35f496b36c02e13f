#include "kernels/shapes/attention.hpp"

#include <gtest/gtest.h>

#include <algorithm>

#include "harness/base/random.hpp"

namespace inferbench {
namespace {

// Four prompt tokens see 1, 2, 3 and 4 tokens: 10 pairs.
TEST(AttentionLoad, CausalPairsByHand) {
  const AttentionLoad load = attention_load(0, 4);
  EXPECT_EQ(load.pairs, 10);
  EXPECT_EQ(load.kv_tokens, 4);
  // A decode after 10 cached tokens sees 11.
  EXPECT_EQ(attention_load(10, 1).pairs, 11);
}

TEST(AttentionLoad, EqualsCountingPairsOneByOne) {
  RandomStream random(3, "attention");
  for (int round = 0; round < 500; ++round) {
    const auto context = random.between(0, 60), tokens = random.between(1, 60);
    const auto window = random.between(0, 50);
    double pairs = 0;
    for (std::int64_t i = 1; i <= tokens; ++i) {
      const auto seen = window > 0 ? std::min(context + i, window) : context + i;
      pairs += static_cast<double>(seen);
    }
    const AttentionLoad load = attention_load(
        static_cast<double>(context), static_cast<double>(tokens), static_cast<double>(window));
    EXPECT_EQ(load.pairs, pairs) << context << " + " << tokens << ", window " << window;
    const auto oldest =
        window > 0 ? std::min(context + tokens, window - 1 + tokens) : context + tokens;
    EXPECT_EQ(load.kv_tokens, static_cast<double>(oldest));
  }
}

// Chunking a prompt changes how often keys are read, not how many pairs there are.
TEST(AttentionLoad, ChunksAddUpToTheWholePrompt) {
  for (const double window : {0.0, 100.0}) {
    AttentionLoad chunks;
    for (double at = 0; at < 1024; at += 128) chunks += attention_load(at, 128, window);
    EXPECT_EQ(chunks.pairs, attention_load(0, 1024, window).pairs);
    EXPECT_GT(chunks.kv_tokens, attention_load(0, 1024, window).kv_tokens);
  }
}

// Llama 3 70B on one of four GPUs: 16 query heads, 2 KV heads of 128. One decode at 1,000 tokens:
// FLOPs 4 * 16 * 128 * 1000; keys and values 2 * 2 * 128 * 1000 elements of 2 bytes.
TEST(AttentionWork, GroupedQueryDecodeByHand) {
  const Work w = work(grouped_query_heads(16, 2, 128, 2), attention_load(999, 1));
  EXPECT_EQ(w.flops.count(), 8192000.0);
  EXPECT_EQ(w.read.count(), 1024000.0 + 16 * 128 * 2);
  EXPECT_EQ(w.written.count(), 16 * 128 * 2.0);
}

// DeepSeek-V3: expanded heads are 128 + 64 wide for QK and 128 for PV, so prefill costs
// heads * (192 + 128) * (F^2 - p^2); absorbed heads are 576 and 512, so decode costs
// 2 * heads * 1088 * S. A token caches 576 elements, whatever the heads.
TEST(AttentionWork, LatentAttentionHasItsPublishedNumbers) {
  const AttentionHeads expanded = mla_expanded_heads(128, 128, 64, 128, 512, 2);
  const AttentionHeads absorbed = mla_absorbed_heads(128, 512, 64, 2);
  const double s = 4096, flops = work(expanded, attention_load(0, s)).flops.count();
  EXPECT_NEAR(flops / (128 * 320 * s * s), 1.0, 1.0 / s);
  EXPECT_EQ(work(absorbed, attention_load(s - 1, 1)).flops.count(), 2.0 * 128 * 1088 * s);
  EXPECT_EQ(expanded.kv_elements, 576);
  EXPECT_EQ(absorbed.kv_elements, 576);
  EXPECT_EQ(mla_absorbed_heads(16, 512, 64, 2).kv_elements, 576);
}

// Three ranks: 5 pages of 100 bytes go to two others each, and a query of 8 fp32 elements, whose 8
// and 2 come back from both.
TEST(ContextExchange, PagesGoAroundAndQueriesToAll) {
  const ContextExchangeShape shape{
      .ranks = 3, .page = Bytes(100), .query_elements = 8, .output_elements = 10};
  EXPECT_EQ(context_exchange_bytes(shape, 5, 0), Bytes(1000));
  EXPECT_EQ(context_exchange_bytes(shape, 0, 1), Bytes(2 * 4 * 18));
  ContextExchangeShape alone = shape;
  alone.ranks = 1;
  EXPECT_EQ(context_exchange_bytes(alone, 5, 1), Bytes(0));
}

}  // namespace
}  // namespace inferbench
