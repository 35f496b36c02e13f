#include "harness/claims/rows.hpp"

#include <gtest/gtest.h>

#include <set>

#include "harness/base/error.hpp"

namespace inferbench {
namespace {

TEST(Rows, NoRowOfTheTableIsMissing) {
  std::set<std::string> found;
  for (const Scenario& scenario : scenarios()) found.insert(scenario.row);
  ASSERT_EQ(claim_rows().size(), 23U + 18U + 9U + 20U);
  for (const std::string& row : claim_rows()) {
    EXPECT_TRUE(found.contains(row)) << row << " has no file in tests/scenarios";
  }
}

TEST(Rows, StandInTheOrderOfTheTable) {
  EXPECT_EQ(scenarios().front().name, "A1");
  EXPECT_EQ(scenarios().back().name, "D20");
  EXPECT_EQ(scenarios()[9].name, "A10");
  EXPECT_EQ(scenarios()[10].name, "A10-ep32");
}

TEST(Rows, EveryScenarioHasAnExpectedLabelAndNoLabelIsLeftOver) {
  std::set<std::string> names;
  for (const Scenario& scenario : scenarios()) names.insert(scenario.name);
  for (const auto& [name, label] : expected_labels()) EXPECT_TRUE(names.contains(name)) << name;
  EXPECT_EQ(names.size(), expected_labels().size());
}

// The honest no's: 73 configurations, twice the interactivity in steady state, 3.25 GB of KV.
TEST(Rows, WhatDoesNotComeOutIsExpectedNotToComeOut) {
  for (const char* name : {"A10", "A11", "D7-kv"}) {
    EXPECT_EQ(expected_labels().at(name), "does not") << name;
  }
}

TEST(Rows, ARowIsChosenWithAllItsPartsAndAPartByItself) {
  EXPECT_EQ(select_scenarios({}).size(), scenarios().size());
  EXPECT_EQ(select_scenarios({"a10"}).size(), 2U);
  EXPECT_EQ(select_scenarios({"A10-ep32"}).size(), 1U);
}

TEST(Rows, AnUnknownRowIsAnsweredWithTheNearest) {
  try {
    select_scenarios({"A100"});
    FAIL();
  } catch (const Error& error) {
    EXPECT_NE(std::string(error.what()).find("A10"), std::string::npos);
  }
}

}  // namespace
}  // namespace inferbench
