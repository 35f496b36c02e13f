#include "bench/peers/peer.hpp"

#include <gtest/gtest.h>

#include <cmath>

#include "bench/peers/measure.hpp"
#include "kernels/registry.hpp"

namespace inferbench {
namespace {

PeerOptions options() {
  return {.node_modules = std::string(INFERBENCH_SOURCE_DIR) + "/build/peers/node_modules"};
}

KernelCase small_case(const Peer& p) {
  if (p.op == "gemm") return make_case("gemm", "fp32", {{"m", 5}, {"n", 64}, {"k", 512}});
  std::map<std::string, std::int64_t> axes = {
      {"requests", 1}, {"q_heads", 8}, {"kv_heads", 2}, {"head_dim", 64}};
  const bool decode = p.op == "paged_decode";
  axes["context"] = decode ? 99 : 0;
  if (!decode) axes["tokens"] = 70;
  return make_case(p.op, decode ? "fp16" : "fp32", axes);
}

// Peers are not there where CI runs; on a machine that has them, what is compared is the same
// thing.
TEST(Peer, AgreesWithTheOracleWithinItsTolerance) {
  std::string skipped;
  for (const Peer& p : peers()) {
    if (const std::string why = p.missing(options()); !why.empty()) {
      skipped += p.name + ": " + why + "\n";
      continue;
    }
    const auto problem = kernel_op(p.op).problem(small_case(p));
    const auto kernel = p.bind(*problem, options());
    kernel->run();
    const Oracle oracle = problem->oracle(200);
    double error = 0, power = 0;
    for (std::size_t i = 0; i < oracle.index.size(); ++i) {
      error += std::pow(kernel->output(oracle.index[i]) - oracle.value[i], 2);
      power += std::pow(oracle.value[i], 2);
    }
    EXPECT_LE(std::sqrt(error / power), p.tolerance) << p.name;
    EXPECT_GT(p.tolerance, 0) << p.name;
  }
  if (!skipped.empty()) GTEST_SKIP() << skipped;
}

// 1 x 2 by 2 x 1: activations 1 and -2 become 64 and -127, weights 0.5 and 1 become 64 and 127 (or,
// in 7 bits, 32 and 63).
TEST(Peer, BothOperandsAreQuantisedWithTheirScales) {
  GemmProblem p(make_case("gemm", "fp32", {{"m", 1}, {"n", 1}, {"k", 2}}));
  p.in = {1, -2};
  p.weights.values = {0.5, 1};
  const QuantisedPair full = quantise_both(p, 127);
  EXPECT_EQ(full.operands.in, (std::vector<std::uint8_t>{64 + 128, 1}));
  EXPECT_EQ(full.operands.weights, (std::vector<std::int8_t>{64, 127}));
  EXPECT_NEAR(full.value(0, 64 * 64 - 127 * 127), -1.4921, 1e-4);
  const QuantisedPair seven = quantise_both(p, 63);
  EXPECT_EQ(seven.operands.weights, (std::vector<std::int8_t>{32, 63}));
  EXPECT_NEAR(seven.value(0, 64 * 32 - 127 * 63), -1.488, 1e-3);
}

// Blocks of 16 tokens in random order become one run of tokens per head.
TEST(Peer, APagedCacheIsLaidOutDensely) {
  const AttentionProblem p(make_case(
      "paged_decode", "fp32",
      {{"requests", 1}, {"q_heads", 2}, {"kv_heads", 2}, {"head_dim", 16}, {"context", 40}}));
  const std::vector<float> keys = dense_cache(p, true);
  ASSERT_EQ(keys.size(), 2U * 41U * 16U);
  const auto* cache = reinterpret_cast<const float*>(p.cache.keys.data());
  EXPECT_EQ(keys[(41 + 33) * 16 + 5], cache[p.place(0, 1, 33) * 16 + 5]);
}

TEST(Peer, FullRangeProductsAreTheSumOf256Products) {
  for (const Saturation& s : full_range_products(options())) {
    EXPECT_EQ(s.exact, 8290560);
    if (s.reason.empty() && s.peer == "onnxruntime u8u8") {
      EXPECT_EQ(s.got, 8290560);
    }
  }
}

}  // namespace
}  // namespace inferbench
