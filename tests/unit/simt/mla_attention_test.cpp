#include <gtest/gtest.h>

#include "kernels/cuda/attention/mla.cuh"
#include "tests/unit/simt/paged_problem.hpp"

namespace inferbench {
namespace {

using namespace cuda_attention;
using Shape = PagedProblem::Shape;

Shape latents(std::vector<std::int32_t> context, int tokens, int heads) {
  return {.context = std::move(context),
          .tokens = tokens,
          .q_heads = heads,
          .head_dim = kMlaKey,
          .value_dim = kMlaValue};
}

std::vector<float> run(const PagedProblem& p, int splits, simt::TurnOrder order) {
  const MlaPlan plan = plan_mla(p.requests(), p.shape.tokens * p.shape.q_heads,
                                PagedProblem::longest(p.shape), 2, splits);
  std::vector<float> out(p.outputs(), NAN);
  std::vector<simt::Words4> partial(plan.partial_floats() / 4);
  std::vector<float> state(plan.state_floats(), NAN);
  std::vector<unsigned> arrived(static_cast<std::size_t>(plan.blocks_per_split));
  const MlaOperands operands{.paged = p.operands(out),
                             .split_tiles = static_cast<int>(plan.split_tiles),
                             .partial_out = reinterpret_cast<float*>(partial.data()),
                             .partial_state = state.data(),
                             .arrived = arrived.data()};
  simt::emulate({.grid = {.x = static_cast<unsigned>(plan.splits),
                          .y = static_cast<unsigned>(plan.row_tiles),
                          .z = static_cast<unsigned>(p.requests())},
                 .block = {.x = 384},
                 .shared_bytes = sizeof(MlaShared),
                 .order = order},
                [&] { mla_decode(operands); });
  for (const unsigned count : arrived) EXPECT_EQ(count, 0U);  // ready for the next launch
  return out;
}

struct Case {
  Shape shape;
  int splits;
};

class MlaDecode : public testing::TestWithParam<Case> {};

TEST_P(MlaDecode, IsThatOfEachQueryOverTheLatentsItSees) {
  const PagedProblem p(GetParam().shape);
  const std::vector<float> out = run(p, GetParam().splits, simt::TurnOrder::forward);
  p.expect(out);
  for (const simt::TurnOrder order : {simt::TurnOrder::backward, simt::TurnOrder::shuffled}) {
    EXPECT_EQ(run(p, GetParam().splits, order), out);
  }
}

INSTANTIATE_TEST_SUITE_P(Shapes, MlaDecode,
                         testing::Values(Case{latents({0}, 1, 1), 1},       // sees itself
                                         Case{latents({200}, 1, 16), 1},    // four tiles
                                         Case{latents({70, 3}, 1, 70), 2},  // two row tiles
                                         Case{latents({127}, 2, 9), 2}));   // one range sees none

TEST(MlaPlan, SplitsUntilMultiprocessorsAreBusyAndNoFurther) {
  // 128 heads are two row tiles; 66 ranges of one request of 32k would be 132 blocks, 64 are most.
  const MlaPlan one = plan_mla(1, 128, 32768, 132, 0);
  EXPECT_EQ(one.row_tiles, 2);
  EXPECT_EQ(one.splits, 64);
  EXPECT_EQ(one.split_tiles, 8);
  // 256 blocks of 64 tiles: 2 turns of 68; 3 ranges of 22 tiles would be 6 turns of 26.
  EXPECT_EQ(plan_mla(128, 128, 4096, 132, 0).splits, 1);
  EXPECT_EQ(plan_mla(1, 16, 100, 132, 9).splits, 2);
}

}  // namespace
}  // namespace inferbench
