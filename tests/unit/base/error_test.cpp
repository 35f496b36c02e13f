#include "harness/base/error.hpp"

#include <gtest/gtest.h>

namespace inferbench {
namespace {

TEST(NearestNames, PutsWhatContainsTheTypedTextFirst) {
  const std::vector<std::string> known = {"llama-2-70b", "llama-3-8b", "mixtral-8x7b"};
  EXPECT_EQ(nearest_names("llama-3", known).front(), "llama-3-8b");
  EXPECT_EQ(nearest_names("LLAMA-3-8b", known).front(), "llama-3-8b");
}

TEST(NearestNames, FindsMisspellingsAndLeavesStrangersOut) {
  const std::vector<std::string> known = {"h100", "h200", "b200", "gb200-nvl72"};
  EXPECT_EQ(nearest_names("h10", known).front(), "h100");
  EXPECT_TRUE(nearest_names("completely-else", known).empty());
}

TEST(Error, ComposesPlaceProblemRuleAndWayOut) {
  const Error error("llama-3-8b", "kv_heads = 8 is not divisible by 3", "use a divisor of 8",
                    "e.g. tp4");
  EXPECT_STREQ(
      error.what(),
      "llama-3-8b: kv_heads = 8 is not divisible by 3; use a divisor of 8\n       e.g. tp4");
}

TEST(UnknownName, SuggestsTheNearestAndTheListCommand) {
  const Error error = unknown_name("--gpu", "GPU", "h10", {"h100", "b200"}, "inferbench list gpus");
  EXPECT_EQ(error.problem(), "unknown GPU \"h10\"");
  EXPECT_EQ(error.rule(), "did you mean h100?");
  EXPECT_EQ(error.way_out(), "`inferbench list gpus` shows all");
}

}  // namespace
}  // namespace inferbench
