#include "harness/claims/scenario.hpp"

#include <gtest/gtest.h>

#include "harness/base/error.hpp"
#include "harness/claims/claim_result.hpp"

namespace inferbench {
namespace {

// 26 GB over 864 GB/s is 30.09 ms; the statement says `stated`, the assumption `assumed`.
Scenario l20(double stated, double assumed, const std::string& extra = "") {
  const auto check = [](double ms) {
    return R"({"checks": [{"quantity": "a.read_ms", "relation": "equals", "tolerance": 0.01,
               "value": )" +
           std::to_string(ms) + "}]";
  };
  return read_scenario(
      "B4", R"({"row": "B4", "document": "d", "says": "s", "comes_out": "{a.read_ms:4} ms",
                "runs": [{"name": "a", "measure": "weight_read",
                          "inputs": {"parameters": 13e9, "dtype": "fp16", "gpu": "l20"}}],
                "stated": )" +
                check(stated) + R"(}, "assumed": )" + check(assumed) +
                R"(, "assumptions": ["x"]})" + extra + "}");
}

std::string direction(const char* relation) {
  return R"(, "direction": {"checks": [{"quantity": "a.read_ms", "relation": ")" +
         std::string(relation) + R"(", "value": 1}]})";
}

TEST(Scenario, TheFirstGroupThatPassesEntirelyGivesTheLabel) {
  const World world = shipped_world();
  EXPECT_EQ(run_scenario(l20(30.09, 1), world).label, Label::reproduces);
  EXPECT_EQ(run_scenario(l20(28.02, 30.09), world).label, Label::under_assumptions);
  EXPECT_EQ(run_scenario(l20(28.02, 1, direction("at_least")), world).label, Label::direction_only);
  EXPECT_EQ(run_scenario(l20(28.02, 1, direction("at_most")), world).label, Label::does_not);
  EXPECT_EQ(run_scenario(l20(28.02, 1), world).label, Label::does_not);
}

TEST(Scenario, NumbersAreFilledIntoTheText) {
  EXPECT_EQ(run_scenario(l20(30.09, 1), shipped_world()).comes_out, "30.09 ms");
}

TEST(Scenario, PinnedNumbersDoNotTouchTheLabel) {
  const std::string pin =
      R"(, "pinned": {"checks": [{"quantity": "a.read_ms", "relation": "equals", "value": 1}]})";
  const ClaimResult result = run_scenario(l20(30.09, 1, pin), shipped_world());
  EXPECT_EQ(result.label, Label::reproduces);
  EXPECT_FALSE(result.groups.back().passed);
}

// What is wrong in a file is said with the file's name.
void expect_refused(const std::string& text, const std::string& word) {
  try {
    run_scenario(read_scenario("B4", text), shipped_world());
    ADD_FAILURE() << "accepted: " << text;
  } catch (const Error& error) {
    EXPECT_NE(std::string(error.what()).find("tests/scenarios/B4.json"), std::string::npos);
    EXPECT_NE(std::string(error.what()).find(word), std::string::npos) << error.what();
  }
}

TEST(Scenario, DamagedFilesAreRefusedWithTheirPlace) {
  const std::string head = R"("row": "B4", "document": "d", "says": "s")";
  const std::string run = R"(, "runs": [{"name": "a", "measure": "weight_read", "inputs": {)";
  const std::string good = R"("parameters": 13e9, "dtype": "fp16", "gpu": "l20")";
  const std::string stated =
      R"(, "stated": {"checks": [{"quantity": "a.read_ms", "relation": "equals", "value": 1}]})";
  expect_refused("{", "JSON");
  expect_refused("{" + head + "}", "exactly one");
  expect_refused("{" + head + R"(, "label": "reproduces", "recorded": "x"})", "label");
  expect_refused(R"({"row": "B5", "document": "d", "says": "s", "recorded": "x"})", "ROW");
  expect_refused("{" + head + R"(, "not_run": "x"})", "waits_for");
  expect_refused("{" + head + run + good + "}}]" + stated + R"(, "recorded": "x"})", "exactly one");
  expect_refused("{" + head + run + good + R"(, "card": 2}}])" + stated + "}", "card");
  expect_refused(
      "{" + head + run + R"("parameters": -1, "dtype": "fp16", "gpu": "l20"}}])" + stated + "}",
      "parameters");
  expect_refused(
      "{" + head + run + R"("parameters": 1, "dtype": "fp17", "gpu": "l20"}}])" + stated + "}",
      "fp17");
  expect_refused(
      "{" + head + R"(, "runs": [{"name": "a", "measure": "weight_raed"}])" + stated + "}",
      "weight_read");
  expect_refused("{" + head + run + good + R"(}}], "stated": {"checks": []}})", "empty");
  expect_refused("{" + head + run + good + R"(}}], "comes_out": "{a.read_ms")" + stated + "}", "{");
}

}  // namespace
}  // namespace inferbench
