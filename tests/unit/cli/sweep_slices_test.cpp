// A sweep whose kernels are measured here, as a user asks for it.

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "program.hpp"

namespace inferbench {
namespace {

std::vector<std::string> slices_sweep(const std::vector<std::string>& more) {
  std::vector<std::string> arguments = {"sweep",    "--method",      "slices", "--system", "cpu",
                                        "--model",  "tiny-moe-test", "--gpu",  "h100",     "--gpus",
                                        "2",        "--isl",         "64",     "--osl",    "16",
                                        "--chunks", "32,64"};
  arguments.insert(arguments.end(), more.begin(), more.end());
  return arguments;
}

// Two GPUs as TP2, EP2, PP2 or DP2; the latter two have the slice of one GPU. Two chunk sizes.
TEST(SweepSlices, MeasuresDistinctSlicesAndSaysSo) {
  const Ran ran = run_program(slices_sweep({"--json", "-"}));
  ASSERT_EQ(ran.exit_code, 0) << ran.err;
  EXPECT_NE(ran.err.find("6 distinct slices"), std::string::npos) << ran.err;
  const auto result = nlohmann::json::parse(ran.out);
  EXPECT_EQ(result["method"], "emulated");
  EXPECT_EQ(result["findings"]["slices"]["distinct"], 6);
  EXPECT_EQ(result["findings"]["slices"]["measured"], 6);
  ASSERT_EQ(result["points"].size(), 8U);
  for (const auto& point : result["points"]) {
    EXPECT_TRUE(point["fits"]) << point;
    EXPECT_GT(point["tokens_per_s_gpu"].get<double>(), 0);
    EXPECT_GT(point["measured_share"].get<double>(), 0);
    EXPECT_LE(point["measured_share"].get<double>(), 1);
  }
  EXPECT_FALSE(result["findings"]["frontier"].empty());
}

TEST(SweepSlices, ReportShowsTheMeasuredShare) {
  const Ran ran = run_program(slices_sweep({"--no-plot"}));
  ASSERT_EQ(ran.exit_code, 0) << ran.err;
  for (const char* text : {"emulated: kernels of rank slices measured here", "measured",
                           "Slices: 6 measured", "8 points, 8 fit"}) {
    EXPECT_NE(ran.out.find(text), std::string::npos) << text << "\n" << ran.out;
  }
}

TEST(SweepSlices, WhatItCannotDoIsRefused) {
  expect_refused(slices_sweep({"--budget", "0.000001"}), {"--budget", "6 slices"});
  expect_refused(slices_sweep({"--budget", "0"}), {"--budget", "above 0"});
  expect_refused(slices_sweep({"--weights", "w5"}), {"--weights", "w5"});
  expect_refused({"sweep", "--method", "slices", "--system", "tpu", "--model", "tiny-moe-test",
                  "--gpu", "h100", "--gpus", "2"},
                 {"--system", "tpu"});
  expect_refused(slices_sweep({"--profile", "p2"}), {"--profile", "claims"});
  expect_refused(slices_sweep({"--rates", "2"}), {"--rates", "--method slices"});
  expect_refused(slices_sweep({"--slice-layers", "-1"}), {"--slice-layers"});
  expect_refused(
      {"sweep", "--model", "tiny-dense-test", "--gpu", "h100", "--gpus", "2", "--weights", "bf16"},
      {"--weights", "--method steady"});
}

}  // namespace
}  // namespace inferbench
