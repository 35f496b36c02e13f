// What a run's time went to, and its timeline, as a user asks for them.

#include <gtest/gtest.h>

#include <filesystem>
#include <nlohmann/json.hpp>

#include "program.hpp"
#include "tests/unit/timeline/trace_checker.hpp"

namespace inferbench {
namespace {

std::vector<std::string> joined_arguments(std::vector<std::string> arguments,
                                          const std::vector<std::string>& more) {
  arguments.insert(arguments.end(), more.begin(), more.end());
  return arguments;
}

// A small run of each kind: computed here, and modelled on a fleet with a decode pool.
const std::vector<std::vector<std::string>>& systems() {
  static const std::vector<std::vector<std::string>> all = {
      {"replay", "--system", "cpu", "--model", "tiny-dense-test", "--requests", "20", "--workload",
       "poisson:rate=200,isl=24,osl=6"},
      {"replay", "--system", "cpu", "--model", "tiny-dense-test", "--requests", "20", "--threads",
       "2", "--parallel", "tp2", "--workload", "poisson:rate=200,isl=24,osl=6"},
      {"replay", "--model", "llama-3-70b", "--gpu", "h100", "--parallel", "tp4pp2dp2", "--requests",
       "60", "--workload", "poisson:rate=20,isl=512,osl=40"},
      {"replay", "--model", "llama-3-70b", "--gpu", "h100", "--prefill-parallel", "tp4dp2",
       "--decode-parallel", "tp4", "--requests", "60", "--workload",
       "poisson:rate=10,isl=512,osl=40"}};
  return all;
}

TEST(ReplayParts, AddUpInTheResultAndShowInTheReport) {
  for (const auto& system : systems()) {
    const Ran json = run_program(joined_arguments(system, {"--decompose", "--json", "-"}));
    ASSERT_EQ(json.exit_code, 0) << json.err;
    const auto result = nlohmann::json::parse(json.out);
    const auto& latencies = result["summary"]["latency_parts"];
    ASSERT_EQ(latencies.size(), 4U);
    for (const auto& latency : latencies) {
      double sum = 0;
      for (const double part : latency["parts_ms"]) sum += part;
      EXPECT_NEAR(sum, latency["mean_ms"].get<double>(), 1e-6);
    }
    EXPECT_NEAR(latencies[0]["mean_ms"].get<double>(),
                result["summary"]["distributions"]["ttft_ms"]["mean"].get<double>(), 1e-6);
    EXPECT_NEAR(latencies[2]["mean_ms"].get<double>(),
                result["summary"]["distributions"]["tpot_ms"]["mean"].get<double>(), 1e-6);
    const Ran report = run_program(joined_arguments(system, {"--decompose"}));
    EXPECT_NE(report.out.find("what they went to, mean ms"), std::string::npos) << report.out;
    EXPECT_NE(report.out.find("own GEMM"), std::string::npos) << report.out;
  }
}

TEST(ReplayParts, AreNotThereUnasked) {
  const Ran ran = run_program(joined_arguments(systems()[2], {"--json", "-"}));
  ASSERT_EQ(ran.exit_code, 0) << ran.err;
  EXPECT_FALSE(nlohmann::json::parse(ran.out)["summary"].contains("latency_parts"));
}

TEST(ReplayTimelineFile, IsSoundAndSaysHowMuchItShows) {
  const std::string path = testing::TempDir() + "cli_timeline.json";
  for (const auto& system : systems()) {
    const Ran ran = run_program(
        joined_arguments(system, {"--timeline", path, "--timeline-steps", "5", "--decompose"}));
    ASSERT_EQ(ran.exit_code, 0) << ran.err;
    EXPECT_NE(ran.err.find("shows 5 of "), std::string::npos) << ran.err;
    const testing_support::TraceChecker trace(path);
    EXPECT_EQ(trace.problems(), std::vector<std::string>());
    EXPECT_EQ(trace.slices("step"), 5U);
    EXPECT_GT(trace.count("C"), 0U);
    EXPECT_EQ(trace.count("s"), trace.count("f"));
  }
  std::filesystem::remove(path);
}

// Kernels of rank 0 lie inside the steps, those of rank 1 in a lane of their own.
TEST(ReplayTimelineFile, ShowsTheKernelsOfEveryRank) {
  const std::string path = testing::TempDir() + "cli_ranks.json";
  const Ran ran = run_program(joined_arguments(systems()[1], {"--timeline", path}));
  ASSERT_EQ(ran.exit_code, 0) << ran.err;
  const testing_support::TraceChecker trace(path);
  EXPECT_EQ(trace.problems(), std::vector<std::string>());
  EXPECT_EQ(trace.slices("qkv_gemm"), 2 * 2 * trace.slices("step"));  // ranks x layers
  std::filesystem::remove(path);
}

TEST(ReplayTimelineFile, BadPlacesAreRefused) {
  expect_refused(joined_arguments(systems()[2], {"--timeline", "/nowhere/at/all.json"}),
                 {"/nowhere/at/all.json"});
  expect_refused(joined_arguments(systems()[2], {"--timeline", "-", "--json", "-"}),
                 {"stdout is taken by --json -"});
  expect_refused(joined_arguments(systems()[2], {"--timeline", "t.json", "--timeline-steps", "0"}),
                 {"--timeline-steps"});
}

}  // namespace
}  // namespace inferbench
