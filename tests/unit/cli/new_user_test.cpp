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

}  // namespace
}  // namespace inferbench
