#include "harness/kernel_times/time_curve.hpp"

#include <gtest/gtest.h>

#include "tests/unit/kernel_tables/synthetic_tables.hpp"

namespace inferbench {
namespace {

CurveSite gemm_site(std::int32_t n, std::int32_t k, double floor_ns) {
  return {KernelOp::gemm, format_traits("bf16"), round_machine().rates, {n, k}, floor_ns, 1};
}

// 100 ns at 1 token, 300 ns at 5: 3 tokens stand halfway.
TEST(TimeCurve, IsLinearBetweenPoints) {
  TimeCurve curve(gemm_site(8, 8, 50));
  curve.add(1, 0, 100, 0.25F);
  curve.add(5, 0, 300);
  EXPECT_DOUBLE_EQ(curve.at(1, 0).ns, 100);
  EXPECT_EQ(curve.at(1, 0).reach, Reach::exact);
  EXPECT_FLOAT_EQ(curve.at(1, 0).spread, 0.25F);
  EXPECT_DOUBLE_EQ(curve.at(3, 0).ns, 200);
  EXPECT_EQ(curve.at(3, 0).reach, Reach::between);
}

// 64 x 64 in bf16 at 1 TFLOP/s and 1 TB/s: 64 tokens take 2 * 64^3 = 524,288 FLOP, 524.288 ns, and
// twice as many twice that. With a floor of 100 ns and 1,248.576 ns measured (twice the bound), 128
// tokens take twice their bound too: 2 * (100 + 1,048.576).
TEST(TimeCurve, HoldsTheBoundarysUtilisationBeyond) {
  TimeCurve curve(gemm_site(64, 64, 100));
  curve.add(64, 0, 1248.576);
  EXPECT_NEAR(curve.at(128, 0).ns, 2297.152, 1e-9);
  EXPECT_EQ(curve.at(128, 0).reach, Reach::beyond);
}

// 100 ns at 10 new tokens, 900 ns at 30: at 20 the roots 10 and 30 meet at 20, squared 400 ns.
TEST(TimeCurve, JoinsPromptsInTheRootOfTime) {
  const CurveSite prefill{KernelOp::prefill_attention,
                          format_traits("bf16"),
                          round_machine().rates,
                          {8, 8, 64, 64},
                          50,
                          1};
  TimeCurve curve(prefill);
  curve.add(1, 10, 100);
  curve.add(1, 30, 900);
  EXPECT_DOUBLE_EQ(curve.at(1, 20).ns, 400);
}

// Levels need not hold the same batches: at context 20 batch 4 is held from batch 2 there.
TEST(TimeCurve, BlendsLevelsThatEndEarlier) {
  const CurveSite decode{KernelOp::decode_attention,
                         format_traits("bf16"),
                         round_machine().rates,
                         {8, 8, 64, 64},
                         50,
                         1};
  TimeCurve curve(decode);
  curve.add(2, 10, 100);
  curve.add(4, 10, 120);
  curve.add(2, 20, 200);
  EXPECT_DOUBLE_EQ(curve.at(2, 15).ns, 150);
  EXPECT_EQ(curve.at(4, 15).reach, Reach::beyond);
  EXPECT_GT(curve.at(4, 15).ns, 150);
}

}  // namespace
}  // namespace inferbench
