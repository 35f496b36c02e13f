#include <gtest/gtest.h>

#include "kernels/cuda/attention/prefill.cuh"
#include "tests/unit/simt/paged_problem.hpp"

namespace inferbench {
namespace {

using namespace cuda_attention;
using Shape = PagedProblem::Shape;

template <int kHeadDim>
std::vector<float> run(const PagedProblem& p, simt::TurnOrder order) {
  std::vector<float> out(p.outputs(), NAN);
  const PagedOperands operands = p.operands(out);
  const simt::EmulationCounts counts =
      simt::emulate({.grid = {.x = static_cast<unsigned>(p.shape.q_heads),
                              .y = static_cast<unsigned>(prefill_blocks(p.shape.tokens)),
                              .z = static_cast<unsigned>(p.requests())},
                     .block = {.x = 128},
                     .shared_bytes = sizeof(PrefillShared<kHeadDim>),
                     .order = order},
                    [&] { prefill<kHeadDim>(operands); });
  EXPECT_EQ(counts.matrix_conflicts, 0U);
  return out;
}

std::vector<float> run(const PagedProblem& p, simt::TurnOrder order) {
  return p.shape.head_dim == 64 ? run<64>(p, order) : run<128>(p, order);
}

class PrefillAttention : public testing::TestWithParam<Shape> {};

TEST_P(PrefillAttention, IsThatOfEachTokenOverItselfAndThoseBefore) {
  const PagedProblem p(GetParam());
  const std::vector<float> out = run(p, simt::TurnOrder::forward);
  p.expect(out);
  for (const simt::TurnOrder order : {simt::TurnOrder::backward, simt::TurnOrder::shuffled}) {
    EXPECT_EQ(run(p, order), out);
  }
}

INSTANTIATE_TEST_SUITE_P(
    Shapes, PrefillAttention,
    testing::Values(
        Shape{.context = {0}, .tokens = 1},                  // sees itself
        Shape{.context = {0}, .tokens = 150, .q_heads = 2},  // a block and a part
        Shape{.context = {70, 0, 199}, .tokens = 5},         // chunks over a context
        Shape{.context = {190}, .tokens = 131, .head_dim = 64},
        Shape{.context = {3}, .tokens = 64, .q_heads = 4, .kv_heads = 2, .head_dim = 64}));

TEST(PrefillAttention, ScoresOfEveryMagnitudeAreTaken) {
  PagedProblem p({.context = {0}, .tokens = 90});
  for (const float scale : {1e-3F, 3.0F}) {  // nearly uniform; one token takes all
    p.scale = scale;
    p.expect(run(p, simt::TurnOrder::forward));
  }
}

}  // namespace
}  // namespace inferbench
