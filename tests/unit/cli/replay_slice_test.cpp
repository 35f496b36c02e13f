// One rank of a deployment executed on this host, as a user asks for it.

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "cpu_replay.hpp"
#include "program.hpp"

namespace inferbench {
namespace {

nlohmann::json result_of(const std::vector<std::string>& more) {
  std::vector<std::string> arguments = cpu_replay(more);
  arguments.insert(arguments.end(), {"--json", "-"});
  const Ran ran = run_program(arguments);
  EXPECT_EQ(ran.exit_code, 0) << ran.err;
  return nlohmann::json::parse(ran.out);
}

TEST(ReplaySlice, IsLabelledEmulatedWithItsShares) {
  const auto result = result_of({"--slice", "--parallel", "tp2pp2dp2", "--gpu", "h100"});
  EXPECT_EQ(result["method"], "emulated");
  EXPECT_EQ(result["summary"]["outcomes"]["completed"], 20);
  const auto& deployment = result["configuration"]["deployment"];
  EXPECT_EQ(deployment["gpus"], 8);
  EXPECT_EQ(deployment["slice"]["stage"], 1);  // with the LM head
  EXPECT_EQ(deployment["slice"]["links"]["gpu"], "h100");
  const auto& emulated = result["findings"]["emulated"];
  const double measured = emulated["measured_seconds"], modelled = emulated["modelled_seconds"];
  EXPECT_GT(measured, 0);
  EXPECT_GT(modelled, 0);
  EXPECT_NEAR(emulated["modelled_share"].get<double>(), modelled / (measured + modelled), 1e-12);
}

TEST(ReplaySlice, OneRankAnswersAsThePlainRun) {
  const std::vector<std::string> plain = {"--kernels", "invariant"};
  auto sliced = plain;
  sliced.emplace_back("--slice");
  EXPECT_EQ(result_of(sliced)["findings"]["answers_fnv1a64"],
            result_of(plain)["findings"]["answers_fnv1a64"]);
}

TEST(ReplaySlice, TheReportSaysWhatWasMeasured) {
  const Ran ran = run_program(
      cpu_replay({"--slice", "1", "--slice-layers", "1", "--parallel", "tp2", "--gpu", "h100"}));
  ASSERT_EQ(ran.exit_code, 0) << ran.err;
  for (const char* text :
       {"emulated replay, one rank executed on this host", "of the steps' time measured",
        "links of h100", "rank 1 (TP rank 2 of 2), as asked for", "1 layers executed of the 2"}) {
    EXPECT_NE(ran.out.find(text), std::string::npos) << text << "\n" << ran.out;
  }
}

// Weights of a rank of Llama 3 70B do not fit anywhere that this test runs.
TEST(ReplaySlice, WhatDoesNotFitIsRefusedWithTheNumber) {
  expect_refused({"replay", "--system", "cpu", "--model", "llama-3.1-405b", "--weights", "fp32",
                  "--slice", "--workload", "poisson:rate=1,isl=24,osl=6"},
                 {"llama-3.1-405b", "GB of weights", "available on this host"});
}

TEST(ReplaySlice, WhatASliceCannotBeIsRefused) {
  expect_refused(cpu_replay({"--slice", "--parallel", "tp2"}), {"--gpu", "links"});
  expect_refused(cpu_replay({"--slice", "two"}), {"--slice", "number of a rank"});
  expect_refused(cpu_replay({"--slice", "4", "--parallel", "tp2", "--gpu", "h100"}),
                 {"--slice", "ranks 0 to 1"});
  expect_refused(cpu_replay({"--slice-layers", "2"}), {"--slice-layers", "--slice"});
  expect_refused(cpu_replay({"--slice", "--clock", "wall"}), {"--clock wall"});
  expect_refused(cpu_replay({"--slice", "--speculate", "gamma=2"}), {"--speculate"});
  expect_refused(cpu_replay({"--slice", "--compare-model"}), {"--compare-model"});
  expect_refused(cpu_replay({"--slice", "--profile", "p2"}), {"--profile", "claims"});
  expect_refused(cpu_replay({"--gpu", "h100"}), {"--gpu", "--system cpu"});
}

}  // namespace
}  // namespace inferbench
