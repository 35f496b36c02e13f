#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <set>

#include "program.hpp"

namespace inferbench {
namespace {

// What it finds depends on the machine; that it looks for everything does not.
TEST(DoctorVerb, LooksForEverythingAndKnowsAWayOut) {
  const Ran ran = run_program({"doctor", "--json", "-"});
  ASSERT_EQ(ran.exit_code, 0) << ran.err;
  std::set<std::string> groups, names;
  const auto json = nlohmann::json::parse(ran.out);
  for (const auto& finding : json.at("findings")) {
    const auto group = finding.at("group").get<std::string>();
    groups.insert(group);
    names.insert(finding.at("name").get<std::string>());
    EXPECT_FALSE(finding.at("detail").get<std::string>().empty()) << finding;
    const bool addable = group != "instruction sets";
    if (!finding.at("present").get<bool>() && addable) {
      EXPECT_TRUE(finding.contains("way_out")) << finding;
    }
  }
  EXPECT_EQ(groups,
            (std::set<std::string>{"cuda", "instruction sets", "libraries", "machine", "tools"}));
  EXPECT_TRUE(names.contains("MPI module"));
}

TEST(BenchMachineVerb, KeepsItsRawSamples) {
  const Ran ran = run_program({"bench", "machine", "--threads", "1,2", "--budget", "10ms", "--only",
                               "fma_fp32_portable,read_l1", "--json", "-"});
  ASSERT_EQ(ran.exit_code, 0) << ran.err;
  const auto json = nlohmann::json::parse(ran.out);
  EXPECT_EQ(json.at("method"), "measured-host");
  ASSERT_EQ(json.at("probes").size(), 4U);
  for (const auto& probe : json.at("probes")) {
    EXPECT_GE(probe.at("wall_ns").size(), 11U);
    EXPECT_LE(probe.at("rate_low"), probe.at("rate"));
    EXPECT_GE(probe.at("rate_high"), probe.at("rate"));
  }
}

TEST(BenchMachineVerb, RefusesWhatItDoesNotKnow) {
  expect_refused({"bench", "machine", "--only", "fma_fp23"}, {"--only", "fma_fp23"});
  expect_refused({"bench", "machine", "--threads", "0"}, {"--threads", "from 1 to "});
  expect_refused({"bench", "machine", "--threads", "1,4096"}, {"--threads: 4096", "may use"});
  expect_refused({"bench", "machine", "--budget", "soon"}, {"--budget", "soon"});
  // What goes with kernels would be ignored.
  expect_refused({"bench", "gemm", "machine"}, {"bench machine", "gemm"});
  expect_refused({"bench", "--no-roofs", "machine"}, {"bench machine", "--no-roofs"});
  expect_refused({"bench", "gemm", "collectives"}, {"bench collectives", "gemm"});
}

}  // namespace
}  // namespace inferbench
