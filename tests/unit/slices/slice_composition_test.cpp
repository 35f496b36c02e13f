#include "harness/slices/slice_composition.hpp"

#include <gtest/gtest.h>

#include "harness/catalog/catalog.hpp"
#include "harness/plan/precision.hpp"

namespace inferbench {
namespace {

// Links of 1 GB/s without latency: a byte takes a nanosecond. Messages are bf16.
Deployment linked(const std::string& parallel) {
  Deployment deployment;
  deployment.model = find_model("tiny-dense-test");
  deployment.gpu = find_gpu("h100");
  deployment.gpu.scale_up = BytesPerSecond(1e9);
  deployment.parallel = parse_parallel(parallel);
  deployment.precision = parse_precision("bf16");
  return deployment;
}

OpsParameters plain_links() {
  auto parameters = std::get<OpsParameters>(find_cost_profile("default").parameters);
  parameters.scale_up = {.efficiency = 1, .latency = Seconds(0)};
  parameters.one_shot_latency.reset();
  parameters.in_network_efficiency.reset();
  return parameters;
}

// Of a layer 100 us of projections, 50 us of attention and 150 us of FFN.
BlockTimes measured() {
  BlockTimes blocks;
  blocks.projections[OpPart::gemm] = 100e-6;
  blocks.full_attention[OpPart::attention] = 50e-6;
  blocks.dense_ffn[OpPart::gemm] = 150e-6;
  blocks.embedding[OpPart::elementwise] = 10e-6;
  blocks.lm_head[OpPart::gemm] = 90e-6;
  return blocks;
}

RankLoad ten_decodes() {
  RankLoad load;
  load.tokens = load.sampled = load.requests = 10;
  load.decode = {.queries = 10, .pairs = 500, .kv_tokens = 500, .requests = 10};
  return load;
}

// tiny-dense-test has two layers of hidden size 64 and a vocabulary of 256. Of ten tokens an
// all-reduce of 1,280 bytes over two ranks sends as many: 1.28 us, twice a layer and once behind
// the embedding. Gathering 10 x 256 logits of 2 bytes sends half of 5,120: 2.56 us.
//   measured 2 x 300 + 10 + 90 = 700 us,  modelled 5 x 1.28 + 2.56 = 8.96 us
TEST(SliceComposition, AddsTheCollectivesOfTwoRanks) {
  const SliceComposition composition(linked("tp2"), plain_links());
  const StepSeconds step = composition.compose(measured(), ten_decodes(), 10);
  EXPECT_NEAR(step.stage, 708.96e-6, 1e-12);
  EXPECT_NEAR(step.elapsed, 708.96e-6, 1e-12);
  EXPECT_NEAR(shares_of(step).measured.count(), 700e-6, 1e-12);
  EXPECT_NEAR(shares_of(step).modelled_share(), 8.96 / 708.96, 1e-9);
  const StepTiming timing = step_timing(step);
  EXPECT_EQ(timing.elapsed, Duration(708'960));
  EXPECT_EQ(timing.parts.gemm, Duration(590'000));
  EXPECT_EQ(timing.parts.scale_up, Duration(8'960));
  EXPECT_EQ(timing.parts.host, Duration(0));
}

// Each stage has a layer. The first sends half of 1,280 bytes from each rank to its fellow, which
// gather them: 0.64 us each.
//   stage 1: 300 + 10 + 2 x 1.28 + 1.28 + 1.28 = 315.12 us
//   stage 2: 300 + 90 + 2 x 1.28 + 2.56        = 395.12 us
TEST(SliceComposition, ComposesStagesOfOneSlice) {
  const SliceComposition composition(linked("tp2pp2"), plain_links());
  const StepSeconds step = composition.compose(measured(), ten_decodes(), 10);
  EXPECT_NEAR(step.stage, 395.12e-6, 1e-12);
  EXPECT_NEAR(step.elapsed, 710.24e-6, 1e-12);
}

// One GPU has no links, and nobody need say which GPU it is.
TEST(SliceComposition, OneRankIsMeasuredWhole) {
  Deployment alone;
  alone.model = find_model("tiny-dense-test");
  const SliceComposition composition(alone, plain_links());
  const StepSeconds step = composition.compose(measured(), ten_decodes(), 10);
  EXPECT_NEAR(step.stage, 700e-6, 1e-12);
  EXPECT_EQ(shares_of(step).modelled_share(), 0);
}

}  // namespace
}  // namespace inferbench
