#include "harness/slices/cpu_slice_measurer.hpp"

#include <gtest/gtest.h>

#include <cmath>

#include "harness/catalog/catalog.hpp"
#include "harness/slices/expert_loads.hpp"

namespace inferbench {
namespace {

CpuSliceMeasurer measurer_of(const std::string& model, Bytes available = Bytes(1e12)) {
  CpuSliceOptions options;
  options.model = find_model(model);
  options.weights = &decoder_format("bf16");
  options.layers = 1;
  options.available = available;
  return CpuSliceMeasurer(std::move(options));
}

// A sparse layer with the experts of one of two ranks, a dense one, and two kinds of sequences.
TEST(CpuSliceMeasurer, TimesEveryBlock) {
  CpuSliceMeasurer measurer = measurer_of("tiny-mla-test");
  const SliceStep step{.tp = 2,
                       .ep = 2,
                       .prompts = 2,
                       .prompt_tokens = 5,
                       .prompt_cached = 20,
                       .decodes = 3,
                       .decode_cached = 40,
                       .sampled = 4,
                       .expert_rows = 26,
                       .expert_distinct = 3};
  ASSERT_FALSE(measurer.why_not(step)) << *measurer.why_not(step);
  measurer.prepare(std::span(&step, 1));
  EXPECT_GT(measurer.estimate(step).count(), 0);
  EXPECT_GT(measurer.setup_estimate(step).count(), 0);
  const SliceTimes times = measurer.measure(step);
  EXPECT_GE(times.runs, 3);
  EXPECT_GE(times.spread, 0);
  EXPECT_GT(times.blocks.projections[OpPart::gemm], 0);
  EXPECT_GT(times.blocks.full_attention[OpPart::attention], 0);
  EXPECT_GT(times.blocks.dense_ffn[OpPart::gemm], 0);
  EXPECT_GT(times.blocks.expert_exchange[OpPart::gemm], 0);
  EXPECT_GT(times.blocks.experts[OpPart::moe], 0);
  EXPECT_GT(times.blocks.embedding[OpPart::elementwise], 0);
  EXPECT_GT(times.blocks.lm_head[OpPart::gemm], 0);
  EXPECT_GT(times.blocks.lm_head[OpPart::elementwise], 0);
  EXPECT_EQ(total(times.blocks.windowed_attention) + total(times.blocks.hand_over), 0);
  EXPECT_EQ(times.blocks.projections[OpPart::scale_up], 0);
}

// Another cut, and back: what was set up for one is not there for the other.
TEST(CpuSliceMeasurer, ChangesItsCut) {
  CpuSliceMeasurer measurer = measurer_of("tiny-dense-test");
  const SliceStep wide{.tp = 1, .prompts = 1, .prompt_tokens = 40, .decodes = 2, .sampled = 2};
  SliceStep narrow = wide;
  narrow.tp = 4;
  for (const SliceStep& step : {wide, narrow, wide}) {
    EXPECT_GT(measurer.measure(step).blocks.projections[OpPart::gemm], 0);
  }
}

TEST(CpuSliceMeasurer, SaysWhatItCannotMeasure) {
  const CpuSliceMeasurer measurer = measurer_of("tiny-dense-test", Bytes(400e3));
  const SliceStep step{.tp = 1, .decodes = 1, .decode_cached = 8, .sampled = 1};
  EXPECT_FALSE(measurer.why_not(step)) << *measurer.why_not(step);
  SliceStep three = step, cached = step, expert = step;
  three.tp = 3;
  cached.decode_cached = 100'000;
  expert.ep = 2;
  EXPECT_NE(measurer.why_not(three)->find("3 ranks"), std::string::npos);
  EXPECT_NE(measurer.why_not(cached)->find("KV blocks"), std::string::npos);
  EXPECT_TRUE(measurer.why_not(expert));
}

// Four experts of eight, from the fourth on, of which three have rows. Of 20 tokens half a choice
// each is here: ten tokens with one. Thirty rows of them: two choices each.
TEST(EvenVisits, SpreadRowsOverExperts) {
  const DecoderExperts experts{
      .router = {.experts = 8, .top_k = 2}, .first = 4, .count = 4, .ffn = 96};
  EvenVisits visits(experts);
  visits.expect([](std::int32_t) { return RankExperts{.rows = 10, .distinct = 3}; }, 20);
  const ExpertVisitors::Visit few = visits.visit(0);
  EXPECT_EQ(few.tokens, 10);
  EXPECT_EQ(few.top_k, 1);
  EXPECT_EQ(std::vector<std::int32_t>(few.chosen.begin(), few.chosen.end()),
            (std::vector<std::int32_t>{4, 5, 6, 4, 5, 6, 4, 5, 6, 4}));
  visits.expect([](std::int32_t) { return RankExperts{.rows = 30, .distinct = 3}; }, 20);
  const ExpertVisitors::Visit many = visits.visit(0);
  EXPECT_EQ(many.tokens, 15);
  EXPECT_EQ(many.top_k, 2);
  for (std::size_t t = 0; t < 15; ++t) EXPECT_NE(many.chosen[2 * t], many.chosen[2 * t + 1]);
}

// Of 20 tokens with two experts each, balanced over two ranks: 20 rows on each. A token visits one
// of the four experts there with probability 1/4, so 4 x (1 - (3/4)^20) have any.
TEST(ExpertLoads, AreThoseOfTheCostModel) {
  const auto parameters = std::get<OpsParameters>(find_cost_profile("default").parameters);
  const ExpertLoads loads(find_model("tiny-moe-test"), 2, parameters);
  const RankExperts rank = loads.of(0, {.tokens = 20, .squares = 20, .pairs = 100});
  EXPECT_NEAR(rank.rows, 20, 1e-9);
  EXPECT_NEAR(rank.distinct, 4 * (1 - std::pow(0.75, 20)), 1e-9);
}

// Drawn, the hottest rank has at least its half, and equal steps draw alike.
TEST(ExpertLoads, AreDrawnWhereRoutingIs) {
  auto parameters = std::get<OpsParameters>(find_cost_profile("default").parameters);
  parameters.routing = parse_expert_routing("power:1.2", "--routing");
  const ExpertLoads loads(find_model("tiny-moe-test"), 2, parameters);
  for (const std::int64_t layer : {0, 1, 9}) {
    const ExpertLoads::Step step{.tokens = 50, .squares = 50, .pairs = 100};
    EXPECT_GE(loads.of(layer, step).rows, 50);
    EXPECT_LE(loads.of(layer, step).rows, 100);
    EXPECT_EQ(loads.of(layer, step).rows, loads.of(layer, step).rows);
  }
}

}  // namespace
}  // namespace inferbench
