#include <gtest/gtest.h>

#include <filesystem>

#include "harness/kernel_tables/import.hpp"
#include "harness/kernel_times/learn.hpp"
#include "harness/kernel_times/validate.hpp"

namespace inferbench {
namespace {

const std::string kMeasured = std::string(INFERBENCH_SOURCE_DIR) + "/../shared/data/measured/";

KernelTable table_of(const std::vector<std::string>& paths) {
  KernelTableBuilder builder;
  for (const std::string& path : paths) import_tables(kMeasured + path, {}, builder);
  return builder.build("test");
}

// Two passes of one grid (the folder's README): medians of 504 points, of a noise that is known.
TEST(RealTables, KeepRepeatsOfNccl) {
  if (!std::filesystem::exists(kMeasured)) GTEST_SKIP() << "no " << kMeasured;
  const KernelTable table = table_of({"aiconfigurator_kernels/h100_sxm/nccl-2.27.3"});
  EXPECT_EQ(table.rows().size(), 504U);
  std::uint32_t repeated = 0;
  for (const SeriesRecord& series : table.series()) repeated += series.repeated;
  EXPECT_EQ(repeated, 504U);
}

// The README counts two prompts that are faster than the data sheet.
TEST(RealTables, LeaveOutImpossiblePrompts) {
  if (!std::filesystem::exists(kMeasured)) GTEST_SKIP() << "no " << kMeasured;
  const KernelTable table =
      table_of({"aiconfigurator_kernels/h100_sxm/trtllm-1.3.0rc20/context_attention_perf.csv.gz"});
  std::uint32_t impossible = 0;
  for (const SeriesRecord& series : table.series()) impossible += series.impossible;
  EXPECT_EQ(impossible, 2U);
}

// Llama 2 70B on 2 H100s: 512 tokens by splitwise-sim's file.
TEST(RealTables, ReadVidurAndSplitwise) {
  if (!std::filesystem::exists(kMeasured)) GTEST_SKIP() << "no " << kMeasured;
  const KernelTable table = table_of({"vidur/network/h100_dgx", "splitwise_sim"});
  EXPECT_GT(table.rows().size(), 100U);
  bool prefill = false;
  for (const SeriesRecord& series : table.series()) {
    prefill |= series.op == static_cast<std::uint32_t>(KernelOp::model_prefill) &&
               table.machine_name(series) == "h100";
  }
  EXPECT_TRUE(prefill);
}

// The bar of decode attention, of shapes nobody measured, on the smallest real table of it.
TEST(RealTables, AnswerDecodesOfUnseenShapes) {
  if (!std::filesystem::exists(kMeasured)) GTEST_SKIP() << "no " << kMeasured;
  const KernelTable table =
      table_of({"aiconfigurator_kernels/a100_sxm/vllm-0.14.0/generation_attention_perf.csv.gz"});
  for (const KernelScore& score : validate_kernels({table}, {}).scores) {
    if (score.left_out != HeldOut::shape) continue;
    EXPECT_LT(score.median, 0.08);
    EXPECT_GT(score.covered, 0.75);
  }
}

}  // namespace
}  // namespace inferbench
