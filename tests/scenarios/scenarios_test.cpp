#include <gtest/gtest.h>

#include <algorithm>
#include <map>

#include "harness/claims/rows.hpp"

namespace inferbench {
namespace {

class Claim : public testing::TestWithParam<Scenario> {};

std::string evidence(const ClaimResult& result) {
  std::string text;
  for (const GroupOutcome& group : result.groups) {
    for (const CheckOutcome& check : group.checks) {
      if (check.passed) continue;
      text += "\n  " + group.name + ": " + check.quantity + " wanted " + check.wanted + ", found " +
              check.found;
    }
  }
  return text;
}

TEST_P(Claim, HasItsExpectedLabelAndNumbers) {
  const ClaimResult result = run_scenario(GetParam(), shipped_world());
  const auto expected = expected_labels().find(GetParam().name);
  ASSERT_NE(expected, expected_labels().end())
      << "add \"" << GetParam().name << "\" to tests/scenarios/expected_labels.json";
  EXPECT_EQ(name(result.label), expected->second) << evidence(result);
  for (const GroupOutcome& group : result.groups) {
    if (group.name == "pinned") {
      EXPECT_TRUE(group.passed) << evidence(result);
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Claims, Claim, testing::ValuesIn(scenarios()),
                         [](const testing::TestParamInfo<Scenario>& claim) {
                           std::string id = claim.param.name;
                           std::replace(id.begin(), id.end(), '-', '_');
                           return id;
                         });

}  // namespace
}  // namespace inferbench
