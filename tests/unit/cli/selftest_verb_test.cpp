#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "program.hpp"

namespace inferbench {
namespace {

TEST(SelfTestVerb, TellsWhatWasExpectedAndFound) {
  const Ran ran = run_program({"selftest", "--only", "omission,chunk"});
  EXPECT_EQ(ran.exit_code, 0) << ran.err;
  EXPECT_TRUE(ran.out.starts_with("PASS: 8 of 8 checks")) << ran.out;
  EXPECT_NE(ran.out.find("910.09"), std::string::npos) << ran.out;
}

TEST(SelfTestVerb, FailsWithExitCodeOneAndSaysSoInJson) {
  const Ran ran =
      run_program({"selftest", "--only", "queue", "--customers", "1000", "--json", "-"});
  EXPECT_EQ(ran.exit_code, 1) << ran.err;
  const auto json = nlohmann::json::parse(ran.out);
  EXPECT_EQ(json.at("schema"), "inferbench.selftest");
  EXPECT_FALSE(json.at("passed").get<bool>());
  EXPECT_EQ(json.at("checks").at(0).at("outcome"), "FAIL");
}

TEST(SelfTestVerb, RefusesWhatItDoesNotKnow) {
  expect_refused({"selftest", "--only", "queues"}, {"queues", "queue", "selftest --help"});
  expect_refused({"selftest", "--customers", "5"}, {"customers"});
}

}  // namespace
}  // namespace inferbench
