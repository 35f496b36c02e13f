#include <gtest/gtest.h>

#include <map>
#include <nlohmann/json.hpp>

#include "harness/base/output_file.hpp"
#include "program.hpp"

namespace inferbench {
namespace {

std::vector<std::string> advise(const std::vector<std::string>& more) {
  std::vector<std::string> all = {"advise",
                                  "--model",
                                  "llama-3-8b",
                                  "--traffic",
                                  "poisson:rate=20,isl=uniform(400,600),osl=uniform(30,90)",
                                  "--requests",
                                  "300",
                                  "--chunks",
                                  "512,2048"};
  all.insert(all.end(), more.begin(), more.end());
  return all;
}

const char* const kSlo = "ttft_p90=500ms,tpot_p90=40ms";

TEST(AdviseVerb, AdvisesAndSaysWhatTheNumbersRestOn) {
  const Ran ran =
      run_program(advise({"--slo", kSlo, "--gpus", "h100,a100", "--price", "h100=2,a100=1"}));
  ASSERT_EQ(ran.exit_code, 0) << ran.err;
  for (const char* text : {"ranked by cost", "per million output tokens", "first principles alone",
                           "Their error is unknown", "weights-fit", "Policies on one"}) {
    EXPECT_NE(ran.out.find(text), std::string::npos) << text << "\n" << ran.out;
  }
}

TEST(AdviseVerb, WithoutAPriceCostIsAbsentAndNotZero) {
  const Ran ran = run_program(advise({"--slo", kSlo, "--gpus", "h100,a100", "--price", "h100=2",
                                      "--power", "h100=500", "--json", "-"}));
  ASSERT_EQ(ran.exit_code, 0) << ran.err;
  const auto json = nlohmann::json::parse(ran.out);
  const auto& offers = json.at("offers");
  ASSERT_EQ(offers.size(), 2U);
  EXPECT_TRUE(offers.at(0).contains("cost_per_million_output_tokens"));
  EXPECT_EQ(offers.at(0).at("power_watts_per_gpu"), 500);
  EXPECT_FALSE(offers.at(1).contains("cost_per_million_output_tokens"));
  EXPECT_EQ(offers.at(1).at("power_watts_per_gpu"), 400);
}

// Every cell of the published table, as the claims row B8 quotes it.
TEST(AdviseVerb, WeightsFitReproducesEveryCellOfTheRecommendedInstances) {
  const Ran ran = run_program({"advise", "--rule", "weights-fit", "--json", "-", "--gpus",
                               "l20,l40s,a10,a30,v100,suiyuan-2.0,xpu2,ascend-910b,h20,a800,h800"});
  ASSERT_EQ(ran.exit_code, 0) << ran.err;
  std::map<std::tuple<double, std::string, std::string>, std::int64_t> ours;
  for (const auto& cell : nlohmann::json::parse(ran.out)) {
    ours[{cell.at("parameters_billion"), cell.at("weights"), cell.at("gpu")}] = cell.at("gpus");
  }
  const auto claim =
      nlohmann::json::parse(read_file(INFERBENCH_SOURCE_DIR "/tests/scenarios/B8.json"));
  std::size_t cells = 0;
  for (const auto& row : claim.at("runs").at(0).at("inputs").at("rows")) {
    for (const char* weights : {"fp16", "fp8"}) {
      for (const auto& [count, gpus] : row.at(weights).items()) {
        for (const std::string gpu : gpus) {
          ++cells;
          EXPECT_EQ((ours[{row.at("up_to_billion"), weights, gpu}]), std::stoll(count)) << gpu;
        }
      }
    }
  }
  EXPECT_EQ(cells, 81U);
}

TEST(AdviseVerb, AnSloThatNobodyMeetsFailsAndSaysWhatBinds) {
  const Ran ran =
      run_program(advise({"--slo", "tpot_p90=100us", "--gpus", "h100", "--max-replica-gpus", "2"}));
  EXPECT_EQ(ran.exit_code, 1);
  EXPECT_NE(ran.out.find("NO GPU ON OFFER"), std::string::npos) << ran.out;
  EXPECT_NE(ran.out.find("tpot_p90 <= 0.1 ms missed by a factor"), std::string::npos) << ran.out;
}

TEST(AdviseVerb, RefusesBadInput) {
  expect_refused(advise({"--gpus", "h100"}), {"--slo"});
  expect_refused(advise({"--slo", "ttfb_p90=1s"}), {"ttfb"});
  expect_refused(advise({"--slo", kSlo, "--gpus", ","}), {"--gpus", "names no GPU"});
  expect_refused(advise({"--slo", kSlo, "--gpus", "h101"}), {"h101", "h100"});
  expect_refused(advise({"--slo", kSlo, "--gpus", "h100", "--price", "a100=2"}),
                 {"--price", "a100", "--gpus"});
  expect_refused(advise({"--slo", kSlo, "--gpus", "h100", "--price", "h100=-2"}), {"--price"});
  expect_refused(advise({"--slo", kSlo, "--gpus", "h100", "--power", "h100"}), {"--power", "="});
  expect_refused(advise({"--slo", kSlo, "--rule", "best"}), {"best", "weights-fit"});
  expect_refused(advise({"--slo", kSlo, "--schedulers", "fifo"}), {"fifo"});
  expect_refused({"advise", "--rule", "weights-fit", "--model-size", "70"}, {"70B"});
  expect_refused({"advise", "--rule", "weights-fit", "--slo", kSlo}, {"--slo", "does not apply"});
}

}  // namespace
}  // namespace inferbench
