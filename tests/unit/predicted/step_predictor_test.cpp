#include "harness/predicted/step_predictor.hpp"

#include <gtest/gtest.h>

#include "tests/unit/predicted/counting_timer.hpp"

namespace inferbench {
namespace {

using namespace testing_support;

StepPrediction predicted(std::vector<BatchItem> items, KernelSet kernels = KernelSet::fast) {
  BatchPlan plan;
  plan.items = std::move(items);
  return counting_predictor(kernels).step(plan);
}

double of(const StepPrediction& step, OpClass op_class) {
  return step.ns[static_cast<std::size_t>(op_class)];
}

// Three tokens of a prompt behind five, and decodes of 7 and 9 cached tokens, in two layers: five
// tokens, of which two emit.
//
//   gemm       four matrices of five tokens per layer, 40; LM head of two rows, 2
//   attention  chunk 3 * 8 = 24, decodes 2 * mean of 8 and 10 = 18, less the call that both take,
//              1, since they share it: 41 per layer
//   other      rotation and SwiGLU of five per layer, 20; three norms of five, 15; embedding 5;
//              the last norm and sampling of two rows, 4
//   host       three requests
TEST(StepPredictor, AddsUpTheOpsOfAStep) {
  const StepPrediction step = predicted({chunk(5, 3), decode(7), decode(9)});
  EXPECT_DOUBLE_EQ(of(step, OpClass::gemm), 42);
  EXPECT_DOUBLE_EQ(of(step, OpClass::attention), 82);
  EXPECT_DOUBLE_EQ(of(step, OpClass::other), 44);
  EXPECT_DOUBLE_EQ(of(step, OpClass::host), 3);
  EXPECT_DOUBLE_EQ(of(step, OpClass::moe), 0);
  const StepTiming timing = step.timing();
  EXPECT_EQ(timing.elapsed, Duration(171));
  EXPECT_EQ(timing.stage, Duration(171));
  EXPECT_EQ(timing.parts.attention, Duration(82));
  EXPECT_EQ(timing.parts.elementwise, Duration(44));
  double answered = 0;
  for (const double ns : step.answered) answered += ns;
  EXPECT_DOUBLE_EQ(answered, 171);
  EXPECT_DOUBLE_EQ(step.answered[static_cast<std::size_t>(Answered::measured)], 89);
}

// Token by token the chunk sees 6, 7 and 8 tokens: with the decodes 39, per layer.
TEST(StepPredictor, TakesTokensApartUnderInvariantKernels) {
  const StepPrediction step = predicted({chunk(5, 3), decode(7), decode(9)}, KernelSet::invariant);
  EXPECT_DOUBLE_EQ(of(step, OpClass::attention), 78);
}

// Neither head nor sampling where no prompt ends; nothing at all without items.
TEST(StepPredictor, SamplesOnlyWhatEmits) {
  EXPECT_DOUBLE_EQ(of(predicted({chunk(0, 5)}), OpClass::gemm), 40);
  EXPECT_DOUBLE_EQ(of(predicted({chunk(0, 5, true)}), OpClass::gemm), 41);
  EXPECT_EQ(predicted({}).timing().elapsed, Duration(0));
}

// Of two ranks the first computes half of every matrix, with all tokens: as many nanoseconds here.
// Two sums over ranks per layer see five tokens each, 20; the gathering of logits two rows.
TEST(StepPredictor, AddsCollectivesOfSeveralRanks) {
  BatchPlan plan;
  plan.items = {chunk(5, 3), decode(7), decode(9)};
  const StepPredictor two(tiny_shape(), "bf16", "bf16", KernelSet::fast,
                          std::make_shared<CountingTimer>(), 2);
  const StepPrediction step = two.step(plan);
  EXPECT_DOUBLE_EQ(of(step, OpClass::collectives), 22);
  EXPECT_DOUBLE_EQ(of(step, OpClass::gemm), 42);
  EXPECT_EQ(step.timing().parts.scale_up, Duration(22));
  EXPECT_EQ(step.timing().elapsed, Duration(171 + 22));
}

TEST(StepPredictor, RefusesDrafts) {
  BatchItem drafts = decode(7);
  drafts.new_tokens = Tokens(3);
  EXPECT_THROW(predicted({drafts}), std::logic_error);
}

}  // namespace
}  // namespace inferbench
