// What a new user types wrong first. Every answer names the place, the value, the rule and a way
// out, and exits with 2.

#include <gtest/gtest.h>

#include <filesystem>

#include "program.hpp"

namespace inferbench {
namespace {

TEST(NewUser, IsToldWhatThereIs) {
  expect_refused({}, {"--help"});
  const Ran help = run_program({"--help"});
  EXPECT_EQ(help.exit_code, 0);
  EXPECT_NE(help.out.find("Exit codes:"), std::string::npos);
  EXPECT_EQ(run_program({"--version"}).exit_code, 0);
}

TEST(NewUser, GetsHelpOnEveryVerb) {
  ASSERT_FALSE(verbs().empty());
  for (const std::string& verb : verbs()) {
    const Ran help = run_program({verb, "--help"});
    EXPECT_EQ(help.exit_code, 0) << verb;
    EXPECT_NE(help.out.find("Usage: "), std::string::npos) << verb;
  }
}

TEST(NewUser, MistypesAVerb) {
  expect_refused({"validate-results", "x.json"}, {"unknown verb \"validate-results\"",
                                                  "did you mean validate-result or validate?"});
  expect_refused({"xyzzy"}, {"unknown verb \"xyzzy\"", "inferbench --help"});
}

TEST(NewUser, MistypesAnOption) {
  for (const std::string& verb : verbs()) {
    expect_refused({verb, "--no-such-option"}, {"inferbench " + verb, "--help"});
  }
}

// Verbs of the suite that a new user meets first; none may quietly go missing.
TEST(NewUser, FindsTheVerbsOfTheReadme) {
  for (const char* verb : {"list", "workload", "plan", "replay", "sweep", "explain", "claims",
                           "export", "validate-result"}) {
    EXPECT_TRUE(has_verb(verb)) << verb;
  }
}

TEST(NewUser, MistypesNamesOfTheCatalogs) {
  expect_refused({"list", "modles"}, {"unknown kind \"modles\"", "did you mean models?"});
  expect_refused({"plan", "--model", "lama-3-70b", "--gpu", "h100", "--gpus", "8"},
                 {"unknown model \"lama-3-70b\"", "llama-3-70b", "inferbench list models"});
  expect_refused({"plan", "--model", "llama-3-70b", "--gpu", "h10", "--gpus", "8"},
                 {"unknown GPU \"h10\"", "h100", "inferbench list gpus"});
}

TEST(NewUser, AsksForAPlanThatCannotBe) {
  const std::vector<std::string> plan = {"plan", "--model", "llama-3-70b", "--gpu", "h100"};
  const auto with = [&](const std::vector<std::string>& more) {
    std::vector<std::string> arguments = plan;
    arguments.insert(arguments.end(), more.begin(), more.end());
    return arguments;
  };
  expect_refused(with({}), {"--gpus"});
  expect_refused(with({"--gpus", "0"}), {"--gpus", "0"});
  expect_refused(with({"--gpus", "-8"}), {"--gpus"});
  expect_refused(with({"--gpus", "eight"}), {"--gpus", "eight"});
  expect_refused(with({"--gpus", "8", "--precision", "fp9"}), {"fp9", "fp8"});
  expect_refused(with({"--gpus", "8", "--json", "/no/such/folder/plan.json"}),
                 {"/no/such/folder/plan.json", "cannot be written"});
  expect_refused({"plan", "--model", "/no/such/config.json", "--gpu", "h100", "--gpus", "8"},
                 {"/no/such/config.json"});
}

std::vector<std::string> replay_with(const std::vector<std::string>& more) {
  std::vector<std::string> arguments = {"replay", "--model", "llama-3-8b", "--gpu", "h100"};
  arguments.insert(arguments.end(), more.begin(), more.end());
  return arguments;
}

TEST(NewUser, AsksForAReplayThatCannotBe) {
  expect_refused(replay_with({}), {"--workload"});
  expect_refused(replay_with({"--workload", "sample:chat-bust"}), {"chat-bust", "chat-burst"});
  expect_refused(replay_with({"--workload", "azure:/no/such.csv"}), {"/no/such.csv"});
  expect_refused(replay_with({"--workload", "sample:chat-burst", "--slo", "ttft_p99=2"}),
                 {"ttft_p99=2", "2s"});
  expect_refused(replay_with({"--workload", "sample:chat-burst", "--slo", "mlperf:llama2:server"}),
                 {"mlperf:llama2-70b:server"});
  expect_refused(replay_with({"--workload", "sample:chat-burst", "--scheduler", "inflight"}),
                 {"unknown", "in_flight"});
  expect_refused(replay_with({"--workload", "sample:chat-burst", "--parallel", "ep2"}),
                 {"EP2", "llama-3-8b"});
  expect_refused(replay_with({"--workload", "sample:chat-burst", "--json", "/no/such/x.json"}),
                 {"/no/such/x.json", "cannot be written"});
  expect_refused({"replay", "--model", "llama-3-70b", "--gpu", "l20", "--parallel", "tp2",
                  "--workload", "sample:chat-burst"},
                 {"does not fit", "attention", "TP4"});
}

TEST(NewUser, AsksForASweepThatCannotBe) {
  const auto sweep = [](const std::vector<std::string>& more) {
    std::vector<std::string> arguments = {"sweep", "--model", "llama-3-8b", "--gpu",
                                          "h100",  "--gpus",  "8"};
    arguments.insert(arguments.end(), more.begin(), more.end());
    return arguments;
  };
  expect_refused(sweep({"--method", "stady"}), {"stady", "steady"});
  expect_refused(sweep({"--method", "replay"}), {"--workload"});
  expect_refused(sweep({"--workload", "sample:chat-burst"}), {"--workload", "--method replay"});
  expect_refused(sweep({"--method", "replay", "--workload", "sample:chat-burst", "--rates", "1",
                        "--users", "8"}),
                 {"--rates", "--users"});
  expect_refused(sweep({"--max-ttft", "soon"}), {"soon", "500ms"});
  expect_refused(sweep({"--csv", "/no/such/x.csv"}), {"/no/such/x.csv"});
  expect_refused(sweep({"--resume", "/no/such/x.json"}), {"/no/such/x.json"});
}

// The whole way of a result: written, found sound, exported.
TEST(NewUser, ReplaysWritesValidatesAndExports) {
  const std::string folder = ::testing::TempDir();
  const std::string result = folder + "replay.json", records = folder + "replay.jsonl";
  const Ran replay = run_program(
      replay_with({"--workload", "sample:chat-burst", "--json", result, "--records", records}));
  ASSERT_EQ(replay.exit_code, 0) << replay.err;
  EXPECT_NE(replay.out.find("modelled replay, 400 of 400 requests completed"), std::string::npos);
  const Ran validated = run_program({"validate-result", result, records});
  EXPECT_EQ(validated.exit_code, 0) << validated.out << validated.err;
  for (const char* format : {"vllm", "vllm-console", "inferencex"}) {
    const Ran exported = run_program({"export", result, "--format", format, "--records", records});
    EXPECT_EQ(exported.exit_code, 0) << format << exported.err;
    EXPECT_FALSE(exported.out.empty()) << format;
  }
}

TEST(NewUser, GetsTheSameSweepOnAnyNumberOfThreads) {
  const std::vector<std::string> sweep = {
      "sweep",      "--model",  "llama-3-8b", "--gpu",      "h100",
      "--gpus",     "8",        "--method",   "replay",     "--rates",
      "4,8",        "--chunks", "512,2048",   "--workload", "sample:chat-burst",
      "--requests", "60",       "--csv",      "-"};
  const auto on = [&](const std::string& threads) {
    std::vector<std::string> arguments = sweep;
    arguments.insert(arguments.end(), {"--threads", threads});
    return run_program(arguments);
  };
  const Ran one = on("1"), four = on("4");
  ASSERT_EQ(one.exit_code, 0) << one.err;
  EXPECT_EQ(one.out, four.out);
}

}  // namespace
}  // namespace inferbench
