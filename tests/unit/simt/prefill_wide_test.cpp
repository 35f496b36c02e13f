#include <gtest/gtest.h>

#include "kernels/cuda/attention/prefill_wide.cuh"
#include "tests/unit/simt/paged_problem.hpp"

namespace inferbench {
namespace {

using namespace cuda_attention;
using Shape = PagedProblem::Shape;

template <int kHeadDim>
std::vector<float> run(const PagedProblem& p, unsigned blocks, simt::TurnOrder order) {
  std::vector<float> out(p.outputs(), NAN);
  const WidePrefillOperands operands{p.operands(out), p.requests()};
  simt::emulate({.grid = {.x = blocks},
                 .block = {.x = 384},
                 .shared_bytes = sizeof(WidePrefillShared<kHeadDim>),
                 .order = order},
                [&] { wide_prefill<kHeadDim>(operands); });
  return out;
}

std::vector<float> run(const PagedProblem& p, unsigned blocks, simt::TurnOrder order) {
  return p.shape.head_dim == 64 ? run<64>(p, blocks, order) : run<128>(p, blocks, order);
}

struct Case {
  Shape shape;
  unsigned blocks;
};

class WidePrefill : public testing::TestWithParam<Case> {};

TEST_P(WidePrefill, IsThatOfEachTokenOverItselfAndThoseBefore) {
  const PagedProblem p(GetParam().shape);
  const std::vector<float> out = run(p, GetParam().blocks, simt::TurnOrder::forward);
  p.expect(out);
  for (const simt::TurnOrder order : {simt::TurnOrder::backward, simt::TurnOrder::shuffled}) {
    EXPECT_EQ(run(p, GetParam().blocks, order), out);
  }
}

INSTANTIATE_TEST_SUITE_P(
    Shapes, WidePrefill,
    testing::Values(
        Case{{.context = {0}, .tokens = 1},
             1},  // sees itself
                  // 131 keys of 300: the last part's first token sees none of the last tile's.
        Case{{.context = {170}, .tokens = 130, .head_dim = 64}, 1},
        // Three parts of a block, of different requests and heads.
        Case{{.context = {20, 150}, .tokens = 3, .q_heads = 3, .head_dim = 64}, 2},
        Case{{.context = {400}, .tokens = 20, .q_heads = 2, .kv_heads = 2}, 2}));

TEST(PrefillWork, EachPartIsTakenOnceByBlocksThatGetAboutTheSame) {
  // 40 blocks of 128 tokens, 4 heads: 160 parts of 1 to 40 tiles, 3280 in all, on 10 blocks.
  const PrefillWork work(5120, 4, 1);
  const std::int32_t context = 0;
  ASSERT_EQ(work.parts, 160);
  std::vector<int> taken(160);
  gridDim.x = 10;
  for (blockIdx.x = 0; blockIdx.x < 10; ++blockIdx.x) {
    int tiles = 0;
    for (std::int64_t i = work.first(); i < work.parts; i = work.after(i)) {
      ++taken[static_cast<std::size_t>(i)];
      tiles += work.part(i, &context).tiles;
    }
    EXPECT_NEAR(tiles, 328, 2);
  }
  EXPECT_EQ(taken, std::vector<int>(160, 1));
  EXPECT_EQ(work.part(0, &context).tiles, 40);  // the costliest is first
}

}  // namespace
}  // namespace inferbench
