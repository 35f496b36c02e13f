#include <gtest/gtest.h>

#include <set>

#include "tests/unit/cost/steps.hpp"

namespace inferbench {
namespace {

Deployment adapted(const std::string& terms, const std::string& parallel = "tp1") {
  Deployment d = deployed("llama-3-8b", "h100", parallel, "bf16");
  d.budget.lora = parse_lora(terms, d.model, "--lora");
  return d;
}

BatchPlan requests(std::uint64_t count) {
  BatchPlan batch;
  for (std::uint64_t id = 0; id < count; ++id) {
    batch.items.push_back(decode(100));
    batch.items.back().request = RequestId(id);
  }
  return batch;
}

double lora_total(const StepExplanation& e, bool bytes) {
  double sum = 0;
  for (const OpExplanation& op : e.ops) {
    if (op.name.starts_with("lora_")) sum += bytes ? op.bytes.count() : op.flops.count();
  }
  return sum;
}

// 2 r (din + dout) FLOPs per token and adapted matrix: 81,920 = sum of din + dout of a layer.
TEST(LoraCost, FlopsArePerTokenAndBytesPerDistinctAdapter) {
  const Deployment d = adapted("rank=16,adapters=4");
  const BatchPlan batch = requests(64);
  const StepExplanation e = StepCostModel(d, profile()).explain(batch);
  EXPECT_DOUBLE_EQ(lora_total(e, false), 32 * 64 * 2.0 * 16 * 81920);
  std::set<std::uint32_t> used;
  const AdapterChoice choice(*d.budget.lora);
  for (const BatchItem& item : batch.items) used.insert(choice.of(item.request));
  // Weights of those adapters, and per token the inputs and outputs of both kernels.
  const double weights = static_cast<double>(used.size()) * 16.0 * 81920 * 2;
  // Shrinks read 4,096 (qkv, out, up) or 14,336 (down) and write 16 per matrix; expands read 16 and
  // write 6,144, 4,096, 28,672 and 4,096.
  const double io = 64.0 * 2 * (3 * 4096 + 14336 + 7 * 16 + 4 * 16 + 6144 + 28672 + 2 * 4096);
  EXPECT_NEAR(lora_total(e, true) / 32, weights + io, 1e-6 * weights);
}

// More adapters never make a step shorter, none at all is the base model, and only adapters that
// the step's requests use are read.
TEST(LoraCost, AStepPaysForTheAdaptersItUses) {
  const BatchPlan batch = requests(32);
  const auto stage = [&](const Deployment& d) {
    return StepCostModel(d, profile()).step(batch).stage;
  };
  Duration last = stage(deployed("llama-3-8b", "h100", "tp1", "bf16"));
  for (const char* terms :
       {"rank=16,adapters=1", "rank=16,adapters=8", "rank=16,adapters=64", "rank=64,adapters=64"}) {
    const Duration with = stage(adapted(terms));
    EXPECT_GT(with, last) << terms;
    last = with;
  }
  const StepCostModel many(adapted("rank=16,adapters=1000"), profile());
  EXPECT_LE(lora_total(many.explain(requests(1)), true),
            lora_total(many.explain(requests(2)), true));
}

TEST(LoraCost, TheExplanationIsTheStep) {
  for (const char* parallel : {"tp1", "tp2pp2"}) {
    const StepCostModel model(adapted("rank=16,adapters=8", parallel), profile());
    const BatchPlan batch = requests(40);
    const StepExplanation e = model.explain(batch);
    EXPECT_EQ(e.timing.stage, model.step(batch).stage);
    double sum = 0;
    for (const OpExplanation& op : e.ops) sum += op.time.count();
    EXPECT_NEAR(sum, seconds(e.timing.stage + e.timing.hidden).count(), 1e-8);
  }
}

}  // namespace
}  // namespace inferbench
