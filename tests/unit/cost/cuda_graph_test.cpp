#include <gtest/gtest.h>

#include "tests/unit/cost/steps.hpp"

namespace inferbench {
namespace {

CostProfile capturing(double tokens) {
  CostProfile p = profile();
  std::get<OpsParameters>(p.parameters).launch.graph_tokens = tokens;
  return p;
}

// A graph costs 10 us after the GPU's work begins; kernels launched at 4 us each hide behind it,
// unless they take longer: then they set the pace. Both on top of 126 us and 4.4 us per request.
TEST(CudaGraph, SavesWhatLaunchesTakeLongerThanTheGpu) {
  for (const char* model : {"qwen3-0.6b", "llama-3-8b"}) {
    const Deployment d = deployed(model, "h100", "tp1", "bf16");
    const StepExplanation e = StepCostModel(d, profile()).explain(plan({decode(10)}));
    double gpu = 0;
    for (const OpExplanation& op : e.ops) {
      if (op.part != "host") gpu += op.time.count();
    }
    ASSERT_TRUE(e.graph) << model;
    EXPECT_TRUE(e.graph->replayed) << model;
    EXPECT_EQ(e.graph->with_graph, e.timing.stage) << model;
    EXPECT_NEAR(seconds(e.graph->with_graph).count(), gpu + 10e-6 + 130.4e-6, 2e-9) << model;
    // Every op here is one kernel.
    double kernels = 0;
    for (const OpExplanation& op : e.ops) kernels += op.part == "host" ? 0 : op.count;
    EXPECT_NEAR(seconds(e.graph->without_graph).count(), std::max(gpu, kernels * 4e-6) + 130.4e-6,
                2e-9)
        << model;
  }
}

TEST(CudaGraph, TheSwitchDecidesWhichOfTheTwoAStepIs) {
  const Deployment d = deployed("llama-3-8b", "h100", "tp1", "bf16");
  const BatchPlan batch = plan({prefill(600)});
  const StepExplanation off = StepCostModel(d, capturing(0)).explain(batch);
  const StepExplanation on = StepCostModel(d, capturing(600)).explain(batch);
  EXPECT_FALSE(off.graph->replayed);
  EXPECT_TRUE(on.graph->replayed);
  EXPECT_EQ(off.timing.stage, on.graph->without_graph);
  EXPECT_EQ(on.timing.stage, off.graph->with_graph);
}

}  // namespace
}  // namespace inferbench
