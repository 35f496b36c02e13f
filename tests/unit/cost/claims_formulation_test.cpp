#include "harness/cost/claims_formulation.hpp"

#include <gtest/gtest.h>

#include "harness/base/error.hpp"
#include "harness/catalog/catalog.hpp"

namespace inferbench {
namespace {

ClaimsFormulation p1(const std::string& model, const std::string& parallel) {
  return {find_model(model), find_gpu("gb200-nvl72"), parse_parallel(parallel),
          claims_precision(DType::fp4),
          std::get<ClaimsParameters>(find_cost_profile("p1").parameters)};
}

// TP2EP16PP2 with chunk 896 under P1, ms per stage of 60 layers, as the formulation's reference
// program prints them.
TEST(ClaimsFormulation, BreakdownOfTheBlogsOptimum) {
  const ClaimsFormulation f = p1("gpt-moe-1.8t", "TP2EP16PP2");
  const ClaimsStage s = f.stage(steady_load({}, 896, 28, 16));
  const auto near = [](Seconds time, double ms) { EXPECT_NEAR(time.count() * 1e3, ms, 0.006); };
  near(s.expert_gemm, 16.73);
  near(s.prefill_attention, 10.82);
  near(s.tp_collectives, 7.55);
  near(s.all_to_all, 4.70);
  near(s.attention_gemm, 4.53);
  near(s.decode_attention, 2.10);
  near(s.kernels, 1.80);
  near(s.elementwise, 1.25);
  EXPECT_EQ(s.expert_gemm_roof, RoofKind::compute);
}

// One KV head under TP64: every rank reads all of it, so 64 ranks read 64 times as much.
TEST(ClaimsFormulation, KvHeadsReplicateWhenThereAreFewerThanRanks) {
  const Bytes one = p1("gpt-moe-1.8t", "TP1PP8").memory({}, 16).kv;
  const Bytes sharded = p1("gpt-moe-1.8t", "TP8PP8").memory({}, 16).kv;
  EXPECT_DOUBLE_EQ(one.count(), sharded.count());
}

TEST(ClaimsFormulation, OverlapHidesTheShorterOfComputeAndNvlink) {
  ClaimsParameters p = std::get<ClaimsParameters>(find_cost_profile("p1").parameters);
  const auto time = [&] {
    return ClaimsFormulation(find_model("gpt-moe-1.8t"), find_gpu("gb200-nvl72"),
                             parse_parallel("TP2EP16"), claims_precision(DType::fp4), p)
        .stage(steady_load({}, 512, 16, 16));
  };
  const ClaimsStage exposed = time();
  p.scale_up_overlap = 1;
  const ClaimsStage hidden = time();
  EXPECT_NEAR((exposed.time - hidden.time).count(),
              (exposed.tp_collectives + exposed.all_to_all).count(), 1e-9);
}

TEST(ClaimsFormulation, RefusesLatentAttentionAndTypesWithoutUnits) {
  EXPECT_THROW(p1("deepseek-v3", "TP8"), Error);
  EXPECT_THROW(ClaimsFormulation(find_model("llama-3-70b"), find_gpu("a100"), parse_parallel("TP8"),
                                 claims_precision(DType::fp8), {}),
               Error);
}

}  // namespace
}  // namespace inferbench
