#include "harness/plan/plan_rows.hpp"

#include <gtest/gtest.h>

#include <algorithm>

#include "harness/catalog/catalog.hpp"

namespace inferbench {
namespace {

std::vector<PlanRow> rows_of(const char* model_name, const char* gpu_name, std::int64_t gpus,
                             const char* precision_text) {
  const ModelSpec model = find_model(model_name);
  const HardwareSpec gpu = find_gpu(gpu_name);
  const Precision precision = parse_precision(precision_text);
  return plan_rows(model, gpu, gpus, precision, default_rules(model, gpu, precision));
}

const PlanRow& row(const std::vector<PlanRow>& rows, const char* name) {
  return *std::find_if(rows.begin(), rows.end(),
                       [&](const PlanRow& r) { return label(r.parallel) == name; });
}

TEST(PlanRows, TheSeventyAllFitTheRackInNvfp4) {
  const auto rows = rows_of("gpt-moe-1.8t", "gb200-nvl72", 64, "nvfp4");
  EXPECT_EQ(rows.size(), 84U);
  EXPECT_EQ(count_verdict(rows, Verdict::ruled_out), 14);
  EXPECT_EQ(count_verdict(rows, Verdict::fits), 70);
  EXPECT_EQ(row(rows, "EP64").why, "max-ep: EP64 is above 16");
}

TEST(PlanRows, EveryRowThatDoesNotFitSaysWhy) {
  const auto rows = rows_of("llama-3.1-405b", "h100", 16, "bf16");
  for (const PlanRow& r : rows) {
    if (r.verdict == Verdict::fits) {
      EXPECT_GT(r.kv_capacity, Tokens{0}) << label(r.parallel);
      EXPECT_LE(r.needed, r.available) << label(r.parallel);
    } else {
      EXPECT_FALSE(r.why.empty()) << label(r.parallel);
      EXPECT_EQ(r.kv_capacity, Tokens{0}) << label(r.parallel);
    }
  }
  EXPECT_EQ(row(rows, "TP16").verdict, Verdict::fits);
  EXPECT_EQ(row(rows, "TP8DP2").verdict, Verdict::ruled_out);
}

TEST(PlanRows, LimitsOfTheModelAreNotRules) {
  const ModelSpec model = find_model("tiny-dense-test");  // 2 layers, 4 heads
  PlanRules none;
  const auto rows = plan_rows(model, find_gpu("h100"), 8, parse_precision("bf16"), none);
  EXPECT_EQ(row(rows, "PP8").verdict, Verdict::cannot_work);
  EXPECT_EQ(row(rows, "PP8").why, "PP8 is above the 2 layers");
  EXPECT_EQ(row(rows, "TP8").why, "TP8 is above the 4 attention heads");
  EXPECT_EQ(row(rows, "TP4PP2").verdict, Verdict::fits);
}

}  // namespace
}  // namespace inferbench
