#include <gtest/gtest.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "program.hpp"

namespace inferbench {
namespace {

std::vector<std::string> find_max(const std::vector<std::string>& more) {
  std::vector<std::string> all = {"find-max",
                                  "--model",
                                  "llama-3-8b",
                                  "--gpu",
                                  "h100",
                                  "--workload",
                                  "poisson:rate=4,isl=fixed(500),osl=fixed(50)",
                                  "--requests",
                                  "300"};
  all.insert(all.end(), more.begin(), more.end());
  return all;
}

TEST(FindMaxVerb, AnswersWithALoadAndWritesEveryProbe) {
  const Ran ran = run_program(find_max({"--slo", "ttft_p90=500ms,tpot_p90=20ms", "--json", "-"}));
  ASSERT_EQ(ran.exit_code, 0) << ran.err;
  const auto json = nlohmann::json::parse(ran.out);
  const auto& findings = json.at("findings");
  const double load = findings.at("load");
  EXPECT_GT(load, 1);
  EXPECT_LE(findings.at("next_load_missed").get<double>(), 1.0201 * load);
  const auto& probes = json.at("points").at(0).at("probes");
  EXPECT_EQ(findings.at("probes"), probes.size());
  EXPECT_TRUE(std::any_of(probes.begin(), probes.end(), [&](const auto& probe) {
    return probe.at("load") == load && probe.at("whole") == true && probe.at("verdict") == "met";
  }));
}

TEST(FindMaxVerb, AnSloThatNobodyMeetsNamesTheClosestAndFails) {
  const Ran ran =
      run_program(find_max({"--gpus", "2", "--chunks", "256", "--slo", "tpot_p90=1ms"}));
  EXPECT_EQ(ran.exit_code, 1);
  EXPECT_NE(ran.out.find("NOBODY MEETS THE SLO"), std::string::npos) << ran.out;
  EXPECT_NE(ran.out.find("what binds: tpot_p90 <= 1 ms"), std::string::npos) << ran.out;
}

TEST(FindMaxVerb, RefusesBadInput) {
  const std::string slo = "ttft_p90=500ms";
  expect_refused(find_max({}), {"--slo"});
  expect_refused(find_max({"--slo", "ttfb_p90=1s"}), {"ttfb", "ttft"});
  expect_refused(find_max({"--slo", slo, "--from", "9", "--to", "3"}), {"--from", "--to 3"});
  expect_refused(find_max({"--slo", slo, "--rate", "3"}), {"--rate", "does not apply"});
  expect_refused(find_max({"--slo", slo, "--stopping", "soon"}), {"soon", "early", "certain"});
  expect_refused(find_max({"--slo", slo, "--chunks", "0"}), {"--chunks"});
  expect_refused(find_max({"--slo", slo, "--users", "--from", "1.5"}), {"--from", "whole"});
  expect_refused(find_max({"--slo", "ttft_p99=500ms"}), {"459 requests", "300"});
  expect_refused({"find-max", "--model", "llama-3-70b", "--gpu", "a10", "--gpus", "1", "--slo", slo,
                  "--workload", "sample:chat-burst"},
                 {"--gpus"});
  expect_refused({"find-max", "--model", "llama-3-8b", "--gpu", "h100", "--slo", slo, "--workload",
                  "inferencemax-1k1k", "--requests", "100"},
                 {"arrive at once", "--users"});
}

}  // namespace
}  // namespace inferbench
