#include <gtest/gtest.h>

#include <cstdlib>

#include "decoder_support.hpp"
#include "harness/base/error.hpp"
#include "harness/execute/cuda/cuda_decoder.hpp"

namespace inferbench {
namespace {

// Before anything asks for the module.
const int kChosen = setenv("INFERBENCH_CUDA_MODULE", INFERBENCH_EMULATED_MODULE, 1);

ModelPlan small_plan() {
  ModelPlan plan;
  plan.shape.layers = 2;
  plan.shape.hidden = 128;
  plan.shape.ffn = 192;
  plan.shape.heads = 4;
  plan.shape.kv_heads = 2;
  plan.shape.head_dim = 64;
  plan.shape.vocab = 256;
  plan.shape.context = 256;
  plan.shape.rotary.dim = 64;
  plan.format = &decoder_format("bf16");
  plan.kv = KvType::bf16;
  plan.kv_blocks = 24;
  plan.kernels = KernelSet::fast;
  plan.seed = kWeightSeed;
  return plan;
}

// The CPU's decoder with the same weights.
struct OnCpu {
  explicit OnCpu(const ModelPlan& plan)
      : weights(plan.shape, *plan.format, plan.seed, team),
        decoder(weights, plan.kv, plan.kv_blocks, team, plan.kernels) {}

  ThreadTeam team{1};
  DecoderWeights weights;
  Decoder decoder;
};

double relative_error(const std::vector<float>& got, const std::vector<float>& expected) {
  double difference = 0, size = 0;
  for (std::size_t i = 0; i < got.size(); ++i) {
    difference += std::pow(static_cast<double>(got[i]) - expected[i], 2);
    size += std::pow(static_cast<double>(expected[i]), 2);
  }
  return std::sqrt(difference / size);
}

TEST(CudaDecoder, ComputesWhatTheCpuComputesBatchByBatch) {
  const ModelPlan plan = small_plan();
  OnCpu cpu(plan);
  CudaDecoder gpu(plan);
  const std::vector<std::int32_t> a = random_text(80, 1), b = random_text(40, 2);
  const std::vector<std::int32_t> blocks_a = blocks_from(7, 6), blocks_b = {3, 21, 2};
  const auto same = [&](const std::vector<Piece>& pieces) {
    const std::vector<float> expected = step(cpu.decoder, pieces);
    EXPECT_LT(relative_error(step(gpu, pieces), expected), 0.01);
  };
  const std::span all_a(a), all_b(b);
  same({{all_a.first(30), 0, blocks_a}, {all_b.first(17), 0, blocks_b}});
  // A chunk, over what is cached, beside a decode.
  same({{all_a.subspan(30, 12), 30, blocks_a}, {all_b.subspan(17, 1), 17, blocks_b}});
  // Two decodes; then drafts beside a decode.
  same({{all_a.subspan(42, 1), 42, blocks_a}, {all_b.subspan(18, 1), 18, blocks_b}});
  same({{all_b.subspan(19, 4), 19, blocks_b}, {all_a.subspan(43, 1), 43, blocks_a}});
  EXPECT_GT(gpu.times().gemm.count(), 0);
  EXPECT_EQ(gpu.weight_bytes(),
            2U * (2 * (512 * 128 + 128 * 256 + 384 * 128 + 128 * 192) + 256 * 128));
}

TEST(CudaDecoder, TakesMoreTokensThanTheGemmOfFew) {
  ModelPlan plan = small_plan();
  plan.shape.layers = 1;
  OnCpu cpu(plan);
  CudaDecoder gpu(plan);
  const std::vector<std::int32_t> text = random_text(67, 1), blocks = blocks_from(2, 5);
  const std::vector<Piece> pieces = {{text, 0, blocks}};
  EXPECT_LT(relative_error(step(gpu, pieces), step(cpu.decoder, pieces)), 0.01);
}

TEST(CudaDecoder, ReplaysDecodesThatAreAlikeAsOneGraph) {
  ModelPlan plan = small_plan();
  plan.shape.layers = 1;
  plan.shape.vocab = 64;
  OnCpu cpu(plan);
  CudaDecoder gpu(plan);
  std::vector<std::int32_t> a = random_text(20, 4), b = random_text(20, 5);
  for (auto* text : {&a, &b}) {
    for (std::int32_t& token : *text) token %= 64;
  }
  const std::vector<std::int32_t> blocks_a = {1, 4}, blocks_b = {3, 2};
  const std::span all_a(a), all_b(b);
  for (std::size_t at = 0; at < 9; ++at) {
    const auto context = static_cast<std::int64_t>(at);
    std::vector<Piece> pieces = {{all_a.subspan(at, 1), context, blocks_a}};
    // Now and then a batch of another size: its graphs are others.
    if (at % 2 == 0) pieces.push_back({all_b.subspan(at / 2, 1), context / 2, blocks_b});
    EXPECT_LT(relative_error(step(gpu, pieces), step(cpu.decoder, pieces)), 0.01) << at;
  }
  EXPECT_EQ(gpu.graphs().unavailable(), "");
  // Once buffers have their sizes, a batch of either size is seen, captured, replayed.
  EXPECT_GE(gpu.graphs().replayed(), 2);
}

TEST(CudaDecoder, TakesBiasesAndATiedHead) {
  ModelPlan plan = small_plan();
  plan.shape.layers = 1;
  plan.shape.qkv_bias = true;
  plan.shape.tied = true;
  OnCpu cpu(plan);
  CudaDecoder gpu(plan);
  const std::vector<std::int32_t> text = random_text(9, 3);
  const std::vector<std::int32_t> blocks = {5};
  const std::vector<Piece> pieces = {{text, 0, blocks}};
  EXPECT_LT(relative_error(step(gpu, pieces), step(cpu.decoder, pieces)), 0.01);
}

TEST(CudaDecoder, SaysWhatIsNotExecuted) {
  ModelPlan plan = small_plan();
  EXPECT_EQ(cuda_decoder_refusal(plan), "");
  plan.shape.head_dim = 96;
  EXPECT_EQ(cuda_decoder_refusal(plan), "heads of 96");
  EXPECT_THROW(CudaDecoder{plan}, Error);
  plan = small_plan();
  plan.parallel.tp = 2;
  EXPECT_EQ(cuda_decoder_refusal(plan), "more than one GPU");
}

}  // namespace
}  // namespace inferbench
