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
  expect_refused({"validate-results", "x.json"},
                 {"unknown verb \"validate-results\"", "did you mean validate-result?"});
  expect_refused({"xyzzy"}, {"unknown verb \"xyzzy\"", "inferbench --help"});
}

TEST(NewUser, MistypesAnOption) {
  for (const std::string& verb : verbs()) {
    expect_refused({verb, "--no-such-option"}, {"inferbench " + verb, "--help"});
  }
}

// Verbs of the suite that a new user meets first; none may quietly go missing.
TEST(NewUser, FindsTheVerbsOfTheReadme) {
  for (const char* verb : {"list", "plan", "export", "validate-result"}) {
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

}  // namespace
}  // namespace inferbench
