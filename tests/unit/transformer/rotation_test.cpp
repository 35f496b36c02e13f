#include "harness/execute/transformer/rotation.hpp"

#include <gtest/gtest.h>

#include <cmath>

namespace inferbench {
namespace {

double ratio(const std::vector<double>& frequencies, std::size_t i, double want) {
  return frequencies.at(i) / want;
}

// A head of 4 at base 100: frequencies 1 and 100^(-1/2).
TEST(Rotary, FrequenciesFallGeometrically) {
  const auto plain = rotary_frequencies({.dim = 4, .theta = 100, .scaling = {}});
  ASSERT_EQ(plain.size(), 2U);
  EXPECT_DOUBLE_EQ(plain[0], 1.0);
  EXPECT_DOUBLE_EQ(plain[1], 0.1);
  const RopeScaling by_four{.kind = "linear", .factor = 4};
  const auto linear = rotary_frequencies({.dim = 4, .theta = 100, .scaling = by_four});
  EXPECT_DOUBLE_EQ(linear[0], 0.25);
  EXPECT_DOUBLE_EQ(linear[1], 0.025);
}

// Llama 3.1: 8,192 tokens times 8. Pairs up to 28 turn more than 4 times in 8,192 tokens and stay;
// from 36 on they turn less than once and are 8 times as slow; those between are blended. Numbers
// from the formula of modeling_rope_utils.py, computed apart.
TEST(Rotary, Llama3StretchesLongWaves) {
  RopeScaling scaling{.kind = "llama3", .factor = 8, .original_context = 8192};
  const Rotary plain{.dim = 128, .theta = 500000, .scaling = {}};
  const auto before = rotary_frequencies(plain),
             after = rotary_frequencies({.dim = 128, .theta = 500000, .scaling = scaling});
  for (std::size_t i = 0; i <= 28; ++i) EXPECT_EQ(after[i], before[i]) << i;
  for (std::size_t i = 36; i < 64; ++i) EXPECT_EQ(after[i], before[i] / 8) << i;
  EXPECT_NEAR(ratio(after, 10, 0.128687373433), 1, 1e-11);
  EXPECT_NEAR(ratio(after, 29, 0.0021665707635), 1, 1e-11);
  EXPECT_NEAR(ratio(after, 32, 0.000524846160993), 1, 1e-11);
  EXPECT_NEAR(ratio(after, 35, 9.55621235396e-05), 1, 1e-11);
  EXPECT_NEAR(ratio(after, 63, 3.06892598891e-07), 1, 1e-11);
}

// DeepSeek-V3: 4,096 tokens times 40, ramp from pair 10 to 23.
TEST(Rotary, YarnBlendsByTurnsAndWidensScores) {
  RopeScaling scaling{.kind = "yarn", .factor = 40, .original_context = 4096};
  const Rotary rotary{.dim = 64, .theta = 10000, .scaling = scaling};
  const auto after = rotary_frequencies(rotary);
  EXPECT_EQ(after[0], 1.0);
  EXPECT_NEAR(ratio(after, 10, 0.056234132519), 1, 1e-10);
  EXPECT_NEAR(ratio(after, 11, 0.0390069265671), 1, 1e-10);
  EXPECT_NEAR(ratio(after, 15, 0.00833450895102), 1, 1e-10);
  EXPECT_NEAR(ratio(after, 22, 0.000177827941004), 1, 1e-10);
  EXPECT_NEAR(ratio(after, 31, 3.33380358041e-06), 1, 1e-10);
  EXPECT_NEAR(rotary_magnitude(rotary), 1.3688879454113936, 1e-12);  // 0.1 ln 40 + 1
  // DeepSeek widens the scores themselves instead: both say 1, and their quotient is 1.
  scaling.mscale = scaling.mscale_all_dim = 1;
  EXPECT_EQ(rotary_magnitude({.dim = 64, .theta = 10000, .scaling = scaling}), 1.0);
  EXPECT_EQ(yarn_mscale(1, 1), 1.0);
}

// Position 3 of a head of 4 at base 100: angles 3 and 0.3. The pair is (x[i], x[i + 2]).
TEST(Rotary, HeadsTurnByHalves) {
  RotationTable table({.dim = 4, .theta = 100, .scaling = {}});
  const float x[] = {1, 2, 3, 4};
  float out[4];
  rotate_head(x, table.at(3).data(), 4, out);
  EXPECT_NEAR(out[0], 1 * std::cos(3.0) - 3 * std::sin(3.0), 1e-6);
  EXPECT_NEAR(out[1], 2 * std::cos(0.3) - 4 * std::sin(0.3), 1e-6);
  EXPECT_NEAR(out[2], 3 * std::cos(3.0) + 1 * std::sin(3.0), 1e-6);
  EXPECT_NEAR(out[3], 4 * std::cos(0.3) + 2 * std::sin(0.3), 1e-6);
  float in_place[] = {1, 2, 3, 4};
  rotate_head(in_place, table.at(3).data(), 4, in_place);
  for (int i = 0; i < 4; ++i) EXPECT_EQ(in_place[i], out[i]);
}

}  // namespace
}  // namespace inferbench
