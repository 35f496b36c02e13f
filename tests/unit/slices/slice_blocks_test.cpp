#include "harness/slices/slice_blocks.hpp"

#include <gtest/gtest.h>

#include <chrono>

#include "harness/catalog/catalog.hpp"

namespace inferbench {
namespace {

using namespace std::chrono_literals;

class Kernels {
 public:
  void add(const char* name, std::int32_t layer, Duration time) {
    spans_.push_back({.name = name, .layer = layer, .begin = at_, .end = at_ + time});
    at_ += time;
  }
  const KernelSpans& spans() const { return spans_; }

 private:
  KernelSpans spans_;
  Duration at_{};
};

double us(const PartTimes& block, OpPart part) {
  return block[part] * 1e6;
}

// Two layers of a model of two: blocks are means of both. Three norms stand behind blocks of
// layers, the fourth belongs to the head.
TEST(SliceBlocks, AreMeansOverLayers) {
  Kernels step;
  step.add("embed", -1, 4us);
  for (const std::int32_t layer : {0, 1}) {
    const Duration more = layer == 1 ? 10us : 0us;
    step.add("qkv_gemm", layer, 100us + more);
    step.add("rotate", layer, 6us);
    step.add("write_kv", layer, 1us);
    step.add("attention", layer, 29us);
    step.add("out_gemm", layer, 50us);
    step.add("add_rmsnorm", layer, 2us);
    step.add("ffn_up_gemm", layer, 200us);
    step.add("silu_mul", layer, 8us);
    step.add("ffn_down_gemm", layer, 100us);
    if (layer == 0) step.add("add_rmsnorm", layer, 2us);
  }
  step.add("final_rmsnorm", -1, 1us);
  step.add("lm_head_gemm", -1, 40us);
  step.add("sample", -1, 9us);
  SliceBlocks blocks(decoder_shape(find_model("tiny-dense-test")), 2);
  const BlockTimes times = blocks.of(step.spans());
  EXPECT_DOUBLE_EQ(us(times.projections, OpPart::gemm), 155);
  EXPECT_DOUBLE_EQ(us(times.projections, OpPart::elementwise), 6 + 3);
  EXPECT_DOUBLE_EQ(us(times.full_attention, OpPart::attention), 30);
  EXPECT_DOUBLE_EQ(us(times.dense_ffn, OpPart::gemm), 300);
  EXPECT_DOUBLE_EQ(us(times.dense_ffn, OpPart::elementwise), 8);
  EXPECT_DOUBLE_EQ(us(times.embedding, OpPart::elementwise), 4);
  EXPECT_DOUBLE_EQ(us(times.lm_head, OpPart::gemm), 40);
  EXPECT_DOUBLE_EQ(us(times.lm_head, OpPart::elementwise), 10);
  EXPECT_EQ(total(times.windowed_attention) + total(times.experts), 0);
  // 494 and 504 us: 1 % from their mean of 499.
  EXPECT_NEAR(blocks.layer_spread(), 5.0 / 499, 1e-9);
}

// tiny-mla-test: layer 0 is dense, layer 1 has experts and a shared one.
TEST(SliceBlocks, TellExpertsFromDenseLayers) {
  Kernels step;
  step.add("latent_gemm", 0, 10us);
  step.add("ffn_up_gemm", 0, 20us);
  step.add("latent_gemm", 1, 30us);
  step.add("router_gemm", 1, 3us);
  step.add("top_k", 1, 1us);
  step.add("moe_experts", 1, 70us);
  step.add("shared_up_gemm", 1, 5us);
  step.add("shared_silu_mul", 1, 2us);
  step.add("add_shared", 1, 4us);
  SliceBlocks blocks(decoder_shape(find_model("tiny-mla-test")), 2);
  const BlockTimes times = blocks.of(step.spans());
  EXPECT_DOUBLE_EQ(us(times.projections, OpPart::gemm), 20);
  EXPECT_DOUBLE_EQ(us(times.dense_ffn, OpPart::gemm), 20);
  EXPECT_DOUBLE_EQ(us(times.experts, OpPart::moe), 70);
  EXPECT_DOUBLE_EQ(us(times.expert_exchange, OpPart::moe), 1);
  EXPECT_DOUBLE_EQ(us(times.expert_exchange, OpPart::gemm), 8);
  EXPECT_DOUBLE_EQ(us(times.expert_exchange, OpPart::elementwise), 6);
  EXPECT_EQ(blocks.layer_spread(), 0);
}

TEST(SliceBlocks, WaitingForOtherRanksIsNoWork) {
  EXPECT_FALSE(kernel_place("out_all_reduce", 3, false));
  EXPECT_FALSE(kernel_place("receive_hidden", -1, false));
  EXPECT_EQ(kernel_place("attention", 3, true)->block, &BlockTimes::windowed_attention);
}

}  // namespace
}  // namespace inferbench
