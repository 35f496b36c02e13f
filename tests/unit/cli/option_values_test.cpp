#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

#include "program.hpp"

// Values that do nothing, that are empty, or that another option was meant by.

namespace inferbench {
namespace {

TEST(OptionValues, AreNotEmpty) {
  expect_refused({"bench", "gemm", "--json", ""}, {"--json: is empty", "leave it out"});
  expect_refused({"bench", "collectives", "--json", ""}, {"--json: is empty"});
  expect_refused({"bench", "machine", "--json", ""}, {"--json: is empty"});
  expect_refused({"sweep", "--model", "llama-3-8b", "--gpu", "h100", "--gpus", "2", "--csv", ""},
                 {"--csv: is empty"});
  expect_refused({"replay", "--model", "llama-3-8b", "--gpu", "h100", "--records", ""},
                 {"--records: is empty"});
  expect_refused({"replay", "--model", ""}, {"--model: is empty"});
  expect_refused({"selftest", "--json="}, {"--json"});
}

const std::vector<std::string> kReplay = {"replay", "--gpu", "h100", "--workload",
                                          "poisson:rate=1,isl=64,osl=8,requests=4"};

void expect_replay_refused(const std::vector<std::string>& more,
                           const std::vector<std::string>& mentions) {
  std::vector<std::string> arguments = kReplay;
  arguments.insert(arguments.end(), more.begin(), more.end());
  expect_refused(arguments, mentions);
}

TEST(OptionValues, WouldDoSomething) {
  const std::string dense = "llama-3-8b has no experts";
  expect_replay_refused({"--model", "llama-3-8b", "--expert-skew", "1.2"},
                        {"--expert-skew: 1.2 does nothing", dense});
  expect_replay_refused({"--model", "llama-3-8b", "--routing", "power:1.2"}, {"--routing", dense});
  expect_replay_refused({"--model", "llama-3-8b", "--context-exchange", "ring"},
                        {"--context-exchange", "context parallel", "cp2"});
  expect_refused({"explain", "--model", "llama-3-8b", "--gpu", "h100", "--decodes", "8",
                  "--expert-skew", "1.2"},
                 {"--expert-skew", dense});
  expect_refused({"sweep", "--model", "llama-3-8b", "--gpu", "h100", "--gpus", "2",
                  "--context-exchange", "all-gather"},
                 {"--context-exchange", "cp2"});
  const Ran ran = run_program({"explain", "--model", "llama-3-8b", "--gpu", "h100", "--decodes",
                               "8", "--parallel", "cp2", "--context-exchange", "ring"});
  EXPECT_EQ(ran.exit_code, 0) << ran.err;
}

TEST(OptionValues, AreNamedByTheOptionThatTheyWereGivenWith) {
  expect_replay_refused(
      {"--model", "llama-3-8b", "--prefill-parallel", "tp1", "--decode-parallel", "tq2"},
      {"--decode-parallel: unknown degree \"tq\""});
  expect_replay_refused(
      {"--model", "llama-3-8b", "--prefill-parallel", "tp", "--decode-parallel", "tp1"},
      {"--prefill-parallel: "});
  expect_replay_refused({"--model", "llama-3-8b", "--prefill-parallel", "tp1", "--decode-parallel",
                         "tp1", "--decode-gpu", "h1000"},
                        {"--decode-gpu: unknown GPU"});
  expect_refused({"advise", "--model", "llama-3-8b", "--slo", "ttft_p99=2s", "--traffic",
                  "sample:chat-burst", "--gpus", "h1000"},
                 {"--gpus: unknown GPU \"h1000\""});
  expect_refused(
      {"plan", "--model", "llama-3-8b", "--gpu", "h100", "--gpus", "2", "--explain", "tq2"},
      {"--explain: unknown degree"});
}

TEST(OptionValues, KeysOfStagesAreOnTheirPage) {
  const std::string file = ::testing::TempDir() + "stages_" + std::to_string(::getpid()) + ".json";
  std::ofstream(file) << R"({"stages": [{"name": "model", "afer": []}]})";
  expect_replay_refused({"--model", "llama-3-8b", "--stages", file}, {"afer", "docs/fleet.md"});
  std::filesystem::remove(file);
}

// The processes of a host were given the same words.
TEST(OptionValues, AreRefusedOncePerHost) {
  setenv("OMPI_COMM_WORLD_LOCAL_RANK", "1", 1);
  const Ran second = run_program({"bench", "collectives", "--ranks", "0"});
  setenv("OMPI_COMM_WORLD_LOCAL_RANK", "0", 1);
  const Ran first = run_program({"bench", "collectives", "--ranks", "0"});
  unsetenv("OMPI_COMM_WORLD_LOCAL_RANK");
  EXPECT_EQ(first.exit_code, 2);
  EXPECT_EQ(second.exit_code, 2);
  EXPECT_NE(first.err.find("error: --ranks"), std::string::npos);
  EXPECT_EQ(second.err, "");
}

}  // namespace
}  // namespace inferbench
