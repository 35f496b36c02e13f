#include "results/command_line.hpp"

#include <gtest/gtest.h>

#include <filesystem>

namespace inferbench {
namespace {

TEST(WithoutPaths, ReducesPathsToFileNames) {
  EXPECT_EQ(without_paths("/home/ann/traces/code.csv"), "code.csv");
  EXPECT_EQ(without_paths("azure:/home/ann/code.csv"), "azure:code.csv");
  EXPECT_EQ(without_paths("--json=/tmp/out/r.json"), "--json=r.json");
  EXPECT_EQ(without_paths("~ann/x.json"), "x.json");
  EXPECT_EQ(without_paths("../up/r.json"), "r.json");
  EXPECT_EQ(without_paths("/a/b.csv,/c/d.csv"), "b.csv,d.csv");
  EXPECT_EQ(without_paths("poisson:isl=empirical(/home/ann/t.csv)"),
            "poisson:isl=empirical(t.csv)");
  EXPECT_EQ(without_paths("-O2 -I/opt/ann/include -Wall"), "-O2 -Iinclude -Wall");
  EXPECT_EQ(without_paths("servegen:/home/ann/client/"), "servegen:client");
}

TEST(WithoutPaths, LeavesEverythingElseAlone) {
  for (const char* text :
       {"inferbench", "--slo", "mlperf:llama2-70b:interactive", "tp4", "1k/1k",
        "ttft_p99=2s,tpot_p99=50ms", "poisson:rate=2,isl=uniform(800,1000)", ""}) {
    EXPECT_EQ(without_paths(text), text);
  }
}

TEST(WithoutPaths, KnowsARelativePathByItsFolder) {
  const std::filesystem::path before = std::filesystem::current_path();
  std::filesystem::current_path(::testing::TempDir());
  std::filesystem::create_directories("command_line_runs/today");
  EXPECT_EQ(without_paths("command_line_runs/today/r.json"), "r.json");
  EXPECT_EQ(without_paths("command_line_gone/today/r.json"), "command_line_gone/today/r.json");
  std::filesystem::current_path(before);
}

TEST(ProcessCommandLine, StartsWithThisProgram) {
  const std::vector<std::string> arguments = process_command_line();
  ASSERT_FALSE(arguments.empty());
  EXPECT_NE(arguments.front().find("results_test"), std::string::npos);
}

}  // namespace
}  // namespace inferbench
