#include "harness/claims/check.hpp"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "harness/base/error.hpp"

namespace inferbench {
namespace {

NamedRuns runs() {
  Numbers numbers;
  numbers.set("one", 100);
  numbers.set("two", 50);
  numbers.set("rising", std::vector<double>{1, 2, 3});
  numbers.set("plateau", std::vector<double>{1, 2, 2});
  numbers.set("label", std::string("TP64"));
  numbers.absent("missing", "no point fits");
  NamedRuns named;
  named.add("r", std::move(numbers));
  return named;
}

bool passes(const char* text) {
  return evaluate(read_check(nlohmann::json::parse(text), "test"), runs(), "test").passed;
}

TEST(Check, ToleranceIsRelativeUnlessSaidOtherwise) {
  EXPECT_TRUE(
      passes(R"({"quantity": "r.one", "relation": "equals", "value": 101, "tolerance": 0.01})"));
  EXPECT_FALSE(
      passes(R"({"quantity": "r.one", "relation": "equals", "value": 102, "tolerance": 0.01})"));
  EXPECT_TRUE(passes(
      R"({"quantity": "r.one", "relation": "equals", "value": 102, "tolerance": 2,
          "absolute": true})"));
  EXPECT_FALSE(passes(R"({"quantity": "r.one", "relation": "equals", "value": 100.001})"));
}

TEST(Check, BoundsHoldForEveryMemberOfASeries) {
  EXPECT_TRUE(passes(R"({"quantity": "r.rising", "relation": "at_least", "value": 1})"));
  EXPECT_FALSE(passes(R"({"quantity": "r.rising", "relation": "at_most", "value": 2})"));
  EXPECT_TRUE(passes(R"({"quantity": "r.rising", "relation": "between", "values": [1, 3]})"));
}

TEST(Check, APlateauIsNoIncreaseWithoutATolerance) {
  EXPECT_TRUE(passes(R"({"quantity": "r.rising", "relation": "increasing"})"));
  EXPECT_FALSE(passes(R"({"quantity": "r.plateau", "relation": "increasing"})"));
  EXPECT_TRUE(passes(R"({"quantity": "r.plateau", "relation": "increasing", "tolerance": 0.01})"));
  EXPECT_TRUE(passes(R"({"quantities": ["r.one", "r.two"], "relation": "decreasing"})"));
  EXPECT_FALSE(passes(R"({"quantity": "r.one", "relation": "increasing"})"));
}

TEST(Check, AnotherQuantityStandsForTheValue) {
  EXPECT_TRUE(
      passes(R"({"quantity": "r.one", "relation": "equals", "value": "r.two", "times": 2})"));
  EXPECT_FALSE(passes(R"({"quantity": "r.one", "relation": "at_most", "value": "r.two"})"));
}

TEST(Check, TextsAreComparedWithIs) {
  EXPECT_TRUE(passes(R"({"quantity": "r.label", "relation": "is", "value": "TP64"})"));
  EXPECT_TRUE(passes(R"({"quantity": "r.label", "relation": "is", "values": ["PP64", "TP64"]})"));
  EXPECT_FALSE(passes(R"({"quantity": "r.label", "relation": "is", "value": "TP32"})"));
  EXPECT_THROW(passes(R"({"quantity": "r.label", "relation": "equals", "value": 64})"), Error);
}

TEST(Check, AnAbsentNumberPassesNothing) {
  EXPECT_FALSE(passes(R"({"quantity": "r.missing", "relation": "at_least", "value": -1e9})"));
  EXPECT_FALSE(passes(R"({"quantity": "r.one", "relation": "at_least", "value": "r.missing"})"));
}

TEST(Check, MistakesInAFileAreErrorsAndNotFailedChecks) {
  EXPECT_THROW(passes(R"({"quantity": "r.oen", "relation": "equals", "value": 100})"), Error);
  EXPECT_THROW(passes(R"({"quantity": "r.one", "relation": "equal", "value": 100})"), Error);
  EXPECT_THROW(passes(R"({"quantity": "r.one", "relation": "equals"})"), Error);
  EXPECT_THROW(passes(R"({"quantity": "r.one", "relation": "between", "values": [1]})"), Error);
  EXPECT_THROW(passes(R"({"quantity": "r.one", "relation": "equals", "value": true})"), Error);
  EXPECT_THROW(passes(R"({"relation": "equals", "value": 1})"), Error);
  EXPECT_THROW(passes(R"({"quantity": "r.one", "relation": "equals", "value": 1, "tol": 1})"),
               Error);
}

}  // namespace
}  // namespace inferbench
