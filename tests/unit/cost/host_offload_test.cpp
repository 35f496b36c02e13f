#include <gtest/gtest.h>

#include "harness/base/error.hpp"
#include "tests/unit/cost/steps.hpp"

namespace inferbench {
namespace {

Deployment offloaded(double share, double overlap, const std::string& parallel = "tp1") {
  Deployment d = deployed("llama-3-70b", "h100", parallel, "bf16");
  d.budget.offload = {.share = share, .overlap = overlap};
  return d;
}

// All but the embedding of Llama 3 70B over 64 GB/s at 85 %: one pass of 136.9 GB takes 2.52 s,
// whatever the batch, so a step of few decodes takes just that.
TEST(HostOffload, AStepOfFewDecodesTakesOnePassOverTheHostLink) {
  const Deployment d = offloaded(1, 1);
  const double bytes = model_weights(d.model, d.precision).count() - 2.0 * 128256 * 8192 * 2;
  const double pass = bytes / (64e9 * 0.85);
  EXPECT_NEAR(pass, 2.516, 0.001);
  const StepCostModel model(d, profile());
  for (const std::size_t batch : {1UL, 8UL, 64UL}) {
    const StepExplanation e = model.explain(plan(std::vector<BatchItem>(batch, decode(500))));
    EXPECT_DOUBLE_EQ(op_of(e, "weight_stream").wire.count(), bytes);
    // Embedding, head and framework do not stream: below 2 ms for 64.
    EXPECT_GT(seconds(e.timing.stage).count(), pass);
    EXPECT_LT(seconds(e.timing.stage).count(), pass + 0.002) << batch;
  }
}

// Without overlap a step is the sum; half the weights take half the pass; two GPUs have two links.
TEST(HostOffload, OverlapShareAndLinksCount) {
  const BatchPlan batch = plan({prefill(8192)});
  const auto stage = [&](const Deployment& d) {
    return seconds(StepCostModel(d, profile()).step(batch).stage).count();
  };
  const auto pass = [&](const Deployment& d) {
    return op_of(StepCostModel(d, profile()).explain(batch), "weight_stream").time.count();
  };
  const double alone = stage(deployed("llama-3-70b", "h100", "tp1", "bf16"));
  EXPECT_NEAR(stage(offloaded(1, 0)), alone + pass(offloaded(1, 0)), 1e-8);
  EXPECT_NEAR(stage(offloaded(0.1, 1)), alone, 1e-8);  // hides behind 8,192 tokens' compute
  EXPECT_NEAR(pass(offloaded(0.5, 1)), pass(offloaded(1, 1)) / 2, 1e-12);
  EXPECT_NEAR(pass(offloaded(1, 1, "tp2")), pass(offloaded(1, 1)) / 2, 1e-4);
}

TEST(HostOffload, TheClaimsFormulationRefusesIt) {
  Deployment d = deployed("llama-3-8b", "h100", "tp1", "fp8");
  d.budget.offload = {.share = 1};
  EXPECT_THROW(StepCostModel(d, find_cost_profile("p1")), Error);
}

}  // namespace
}  // namespace inferbench
