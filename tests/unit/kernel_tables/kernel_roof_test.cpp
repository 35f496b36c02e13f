#include "harness/kernel_tables/kernel_roof.hpp"

#include <gtest/gtest.h>

#include "tests/unit/kernel_tables/synthetic_tables.hpp"

namespace inferbench {
namespace {

double roof(KernelOp op, const std::string& format, const KernelDims& dims, double x, double y) {
  return kernel_roof_ns(op, format_traits(format), round_machine().rates, dims, x, y);
}

// 2 * 512 * 256 * 128 FLOP at 1 TFLOP/s, and at 2 in fp8. One token reads 256 * 128 weights of two
// bytes and 128 + 256 activations: 66,304 bytes at 1 TB/s.
TEST(KernelRoof, OfAGemmIsItsArithmeticOrItsTraffic) {
  EXPECT_NEAR(roof(KernelOp::gemm, "bf16", {256, 128}, 512, 0), 33'554.432, 1e-6);
  EXPECT_NEAR(roof(KernelOp::gemm, "fp8", {256, 128}, 512, 0), 16'777.216, 1e-6);
  EXPECT_NEAR(roof(KernelOp::gemm, "bf16", {256, 128}, 1, 0), 66.304, 1e-9);
}

// 4 prompts of 3 tokens: 6 pairs each, 4 * 8 heads * 64 * 6 pairs * 4 prompts = 49,152 FLOP.
// Traffic: 12 tokens * (2 * 8 heads + 2 * 2 heads) * 64 * 2 bytes = 30,720 bytes, less.
TEST(KernelRoof, OfPromptsCountsCausalPairs) {
  EXPECT_NEAR(roof(KernelOp::prefill_attention, "bf16 kv=bf16", {8, 2, 64, 64, 0}, 4, 3), 49.152,
              1e-9);
}

// Decodes read their caches: 2 requests * 1,000 tokens * 2 * 2 heads * 64 bytes of fp8, queries and
// outputs 2 * 2 * 8 * 64 * 2 bytes. On this machine their arithmetic takes longer: 2 * 4 * 8 * 64 *
// 1,000 FLOP.
TEST(KernelRoof, OfDecodesReadsTheCache) {
  const KernelDims heads = {8, 2, 64, 64, 0};
  const Work work =
      kernel_work(KernelOp::decode_attention, format_traits("bf16 kv=fp8"), heads, 2, 1000);
  EXPECT_DOUBLE_EQ(work.bytes().count(), 512'000 + 4096);
  EXPECT_NEAR(roof(KernelOp::decode_attention, "bf16 kv=fp8", heads, 2, 1000), 4096, 1e-9);
}

// 16 of 32 experts here, top 2, 8 tokens dealt out evenly: 8 rows here, 8 experts with one each.
// Weights: 8 experts * 3 matrices * 64 * 32 * 2 bytes = 98,304; activations of a row: 64 + 64 in
// and out of gate and up, 32 + 64 of down, two bytes each, 8 rows: 3,584.
TEST(KernelRoof, OfBalancedExpertsReadsThoseWithRows) {
  const KernelDims dims = {64, 32, 2, 32, 1, 2, 1, 0};
  EXPECT_NEAR(roof(KernelOp::moe, "bf16", dims, 8, 0), (98'304 + 3584) / 1e3, 1e-9);
  KernelDims plain = dims;
  plain[6] = 0;  // two matrices
  EXPECT_LT(roof(KernelOp::moe, "bf16", plain, 8, 0), roof(KernelOp::moe, "bf16", dims, 8, 0));
}

// 1 MB at 0.1 TB/s: the switch may add up, so a rank sends its vector once; all-gather sends 3/4.
TEST(KernelRoof, OfCollectivesIsTheLinks) {
  EXPECT_NEAR(roof(KernelOp::all_reduce, "bf16", {4, 1}, 1e6, 0), 10'000, 1e-6);
  EXPECT_NEAR(roof(KernelOp::all_gather, "bf16", {4, 1}, 1e6, 0), 7500, 1e-6);
}

TEST(KernelOps, FormatsSayWhatTheyStoreAndMultiply) {
  EXPECT_EQ(format_traits("bf16 kv=fp8").kv_bytes, 1);
  EXPECT_EQ(format_traits("bf16 kv=fp8").weight_bytes, 2);
  EXPECT_EQ(format_traits("bf16 eager").math, "bf16");
  EXPECT_EQ(format_traits("w4a16").math, "bf16");
  EXPECT_EQ(format_traits("int8").math, "int8");
}

TEST(KernelOps, NamesAreReadBack) {
  for (const KernelOpInfo& op : kernel_op_infos()) EXPECT_EQ(parse_kernel_op(op.name), op.op);
  EXPECT_FALSE(parse_kernel_op("gem"));
}

}  // namespace
}  // namespace inferbench
