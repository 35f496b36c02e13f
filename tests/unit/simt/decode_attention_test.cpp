#include <gtest/gtest.h>

#include "kernels/cuda/attention/decode.cuh"
#include "kernels/cuda/attention/decode_plan.hpp"
#include "tests/unit/simt/paged_problem.hpp"

namespace inferbench {
namespace {

using namespace cuda_attention;
using Shape = PagedProblem::Shape;

DecodeSizes sizes(const PagedProblem& p) {
  return {.requests = p.requests(),
          .tokens = p.shape.tokens,
          .q_heads = p.shape.q_heads,
          .kv_heads = p.shape.kv_heads,
          .head_dim = p.shape.head_dim,
          .longest = PagedProblem::longest(p.shape),
          .kv_bytes = p.shape.e4m3 ? 1 : 2};
}

template <class Cache, int kHeadDim>
std::vector<float> run(const PagedProblem& p, int splits, simt::TurnOrder order) {
  using Shared = DecodeShared<Cache, kHeadDim>;
  const DecodePlan plan = plan_decode(sizes(p), 4, splits);
  EXPECT_EQ(plan.tile_tokens, Shared::Tile::kTokens);
  std::vector<float> out(p.outputs(), NAN);
  std::vector<simt::Words4> partial(plan.partial_floats(sizes(p)) / 4);
  std::vector<float> state(plan.state_floats(sizes(p)), NAN);
  std::vector<unsigned> arrived(static_cast<std::size_t>(plan.blocks_per_split(sizes(p))));
  const DecodeOperands operands{.paged = p.operands(out),
                                .split_tiles = static_cast<int>(plan.split_tiles),
                                .partial_out = reinterpret_cast<float*>(partial.data()),
                                .partial_state = state.data(),
                                .arrived = arrived.data()};
  const simt::EmulationCounts counts =
      simt::emulate({.grid = {.x = static_cast<unsigned>(plan.splits),
                              .y = static_cast<unsigned>(p.shape.kv_heads * plan.row_tiles),
                              .z = static_cast<unsigned>(p.requests())},
                     .block = {.x = 128},
                     .shared_bytes = sizeof(Shared),
                     .order = order},
                    [&] { decode<Cache, kHeadDim>(operands); });
  EXPECT_EQ(counts.matrix_conflicts, 0U);
  for (const unsigned count : arrived) EXPECT_EQ(count, 0U);  // ready for the next launch
  return out;
}

std::vector<float> run(const PagedProblem& p, int splits, simt::TurnOrder order) {
  if (p.shape.head_dim == 64) {
    return p.shape.e4m3 ? run<E4m3Cache, 64>(p, splits, order)
                        : run<Bf16Cache, 64>(p, splits, order);
  }
  return p.shape.e4m3 ? run<E4m3Cache, 128>(p, splits, order)
                      : run<Bf16Cache, 128>(p, splits, order);
}

struct Case {
  Shape shape;
  int splits;
};

class DecodeAttention : public testing::TestWithParam<Case> {};

TEST_P(DecodeAttention, IsThatOfEachQueryOverWhatItSees) {
  for (const bool e4m3 : {false, true}) {
    Shape shape = GetParam().shape;
    shape.e4m3 = e4m3;
    const PagedProblem p(shape);
    const std::vector<float> out = run(p, GetParam().splits, simt::TurnOrder::forward);
    p.expect(out);
    for (const simt::TurnOrder order : {simt::TurnOrder::backward, simt::TurnOrder::shuffled}) {
      EXPECT_EQ(run(p, GetParam().splits, order), out);
    }
  }
}

INSTANTIATE_TEST_SUITE_P(
    Shapes, DecodeAttention,
    testing::Values(
        Case{{.context = {0}}, 1},                                    // sees itself
        Case{{.context = {15, 16, 130}, .q_heads = 8}, 1},            // all in one page
        Case{{.context = {700, 3}, .q_heads = 8, .kv_heads = 2}, 3},  // one needs one range
        Case{{.context = {90}, .q_heads = 32, .kv_heads = 2}, 2},     // 16 of 16 rows
        Case{{.context = {70}, .tokens = 3, .q_heads = 8}, 2},        // 24 rows: two tiles
        Case{{.context = {2100}, .q_heads = 5, .head_dim = 64}, 1},   // 33 pages a warp
        Case{{.context = {31, 200}, .tokens = 2, .q_heads = 4, .kv_heads = 4, .head_dim = 64}, 4}));

TEST(DecodeAttention, ScoresOfEveryMagnitudeAreTaken) {
  PagedProblem p({.context = {100}, .q_heads = 2});
  for (const float scale : {1e-3F, 3.0F}) {  // nearly uniform; one token takes all
    p.scale = scale;
    p.expect(run(p, 2, simt::TurnOrder::forward));
  }
}

TEST(DecodePlan, SplitsUntilMultiprocessorsAreBusyAndNoFurther) {
  // 64 requests of 4096 on one of 8 kv heads: 4 ranges are 256 blocks of 264, each of 64 tiles.
  const DecodeSizes slice{.requests = 64, .q_heads = 8, .kv_heads = 1, .longest = 4096};
  const DecodePlan of_slice = plan_decode(slice, 264, 0);
  EXPECT_EQ(of_slice.splits, 4);
  EXPECT_EQ(of_slice.split_tiles, 64);
  EXPECT_EQ(of_slice.partial_floats(slice), 64U * 4 * 16 * 128);
  // One request of 32k on 8 kv heads: 32 ranges of 64 tiles, 16 a warp, are 256 blocks.
  const DecodeSizes one{.requests = 1, .q_heads = 32, .kv_heads = 8, .longest = 32768};
  EXPECT_EQ(plan_decode(one, 264, 0).splits, 32);
  // 1024 blocks are 4 turns already, 97 % full.
  const DecodeSizes many{.requests = 128, .q_heads = 32, .kv_heads = 8, .longest = 4096};
  EXPECT_EQ(plan_decode(many, 264, 0).splits, 1);
  // More than there are counters: each is one range.
  const DecodeSizes counters{.requests = 8192, .q_heads = 16, .kv_heads = 16, .longest = 1024};
  EXPECT_EQ(plan_decode(counters, 264, 4).splits, 1);
  // A range has a tile at least: 100 tokens of e4m3 are 4 tiles of 32.
  const DecodeSizes few{.requests = 1, .q_heads = 8, .kv_heads = 1, .longest = 100, .kv_bytes = 1};
  EXPECT_EQ(plan_decode(few, 264, 9).splits, 4);
}

}  // namespace
}  // namespace inferbench
