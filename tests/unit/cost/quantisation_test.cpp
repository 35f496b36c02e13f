#include <gtest/gtest.h>

#include "harness/base/error.hpp"
#include "tests/unit/cost/steps.hpp"

namespace inferbench {
namespace {

StepExplanation served(const std::string& precision, const BatchPlan& batch,
                       const std::string& gpu = "h100") {
  return StepCostModel(deployed("llama-3-8b", gpu, "tp1", precision), profile()).explain(batch);
}

double up_gemm_seconds(const std::string& precision, const BatchPlan& batch) {
  const StepExplanation e = served(precision, batch);
  return op_of(e, "ffn_up_gemm").time.count() / op_of(e, "ffn_up_gemm").count;
}

double compute_bound(const std::string& precision) {
  return up_gemm_seconds(precision, plan({prefill(8192)}));
}

double memory_bound(const std::string& precision) {
  return up_gemm_seconds(precision, plan({decode(100)}));
}

// The stored type sets the bytes, the inputs' type the rate. Llama 3 8B's gate and up projections
// are 4,096 x 28,672 weights: one decode reads 234.9 MB of them in bf16, half in 8 bit. 8,192 rows
// are 1.924 TFLOP: at 82 % of 989.4 TFLOP/s in bf16, 52 % of 1,978.9 in int8.
TEST(Quantisation, WeightOnlyHelpsTheMemoryBoundSideAlone) {
  constexpr double kFloor = 3.5e-6, kWeights = 4096.0 * 28672.0;
  const auto read = [&](double bytes_per_weight, double in_bytes) {
    const double bytes = kWeights * bytes_per_weight + 4096.0 * in_bytes + 28672.0 * 2.0;
    return bytes / (3.35e12 * 0.85) + kFloor;
  };
  EXPECT_NEAR(memory_bound("bf16"), read(2, 2), 1e-12);
  EXPECT_NEAR(memory_bound("w8a16"), read(1, 2), 1e-12);
  EXPECT_NEAR(memory_bound("w8a8"), read(1, 1), 1e-12);
  EXPECT_NEAR(memory_bound("w4a8"), read(0.5 + 2.5 / 128, 1), 1e-12);
  EXPECT_DOUBLE_EQ(compute_bound("w8a16"), compute_bound("bf16"));
  const double flops = 2.0 * 8192.0 * kWeights;
  EXPECT_NEAR(compute_bound("w8a8"), flops / (1978.9e12 * 0.52) + kFloor, 1e-7);
  EXPECT_DOUBLE_EQ(compute_bound("w4a8"), compute_bound("w8a8"));
}

// Quantising 100 x 4,096 activations apart reads 2 bytes and writes 1: 1.2288 MB at 80 % of
// bandwidth and a floor of 2 us. Weight-only GEMMs take wide inputs: nothing to quantise.
TEST(Quantisation, KernelsApartAreOpsOfTheirOwn) {
  const BatchPlan batch = plan(std::vector<BatchItem>(100, decode(1)));
  const StepExplanation apart = served("w8a8,quantise=apart", batch);
  const OpExplanation& op = op_of(apart, "qkv_quantise");
  EXPECT_DOUBLE_EQ(op.bytes.count() / op.count, 100 * 4096 * 3);
  EXPECT_NEAR(op.time.count() / op.count, 1.2288e6 / (3.35e12 * 0.8) + 2e-6, 1e-15);
  for (const char* name : {"out_quantise", "ffn_up_quantise", "ffn_down_quantise"}) {
    EXPECT_EQ(op_of(apart, name).count, 32) << name;
  }
  EXPECT_FALSE(has_op(served("w8a8", batch), "qkv_quantise"));
  EXPECT_FALSE(has_op(served("w8a16,quantise=apart", batch), "qkv_quantise"));
}

// 2:4: half the values, a two-bit index for each; twice the rate on H100. The LM head stays dense.
TEST(Quantisation, SparseWeightsHalveBytesLessTheirIndicesAndDoubleTheRate) {
  EXPECT_DOUBLE_EQ(sparse_bytes_per_element(DType::bf16), 1.125);
  EXPECT_DOUBLE_EQ(sparse_bytes_per_element(DType::fp8), 0.625);
  EXPECT_DOUBLE_EQ(sparse_bytes_per_element(DType::int4), 0.375 + 2.5 / 128);
  constexpr double kFloor = 3.5e-6;
  const double dense = compute_bound("bf16") - kFloor;
  EXPECT_NEAR(compute_bound("bf16/2:4") - kFloor, dense * 989.4 / 1978.9, dense * 1e-3);
  const BatchPlan batch = plan({decode(100)});
  const double before = op_of(served("bf16", batch), "ffn_up_gemm").bytes.count();
  const double after = op_of(served("bf16,ffn=bf16/2:4", batch), "ffn_up_gemm").bytes.count();
  EXPECT_NEAR(before - after, 32 * 4096.0 * 28672.0 * (2 - 1.125), 1);
  EXPECT_DOUBLE_EQ(op_of(served("bf16/2:4", batch), "lm_head_gemm").bytes.count(),
                   op_of(served("bf16", batch), "lm_head_gemm").bytes.count());
  EXPECT_THROW(served("bf16/2:4", batch, "v100"), Error);
}

}  // namespace
}  // namespace inferbench
