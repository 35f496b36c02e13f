#include "harness/execute/cpu/drafters.hpp"

#include <gtest/gtest.h>

namespace inferbench {
namespace {

std::vector<std::int32_t> drafted(const std::vector<std::int32_t>& text, std::size_t tokens) {
  std::vector<std::int32_t> drafts(tokens);
  StepItem item{.item = nullptr, .text = &text, .blocks = {}, .drafts = drafts};
  NgramDrafter().draft({&item, 1});
  return drafts;
}

// "5 6" stood before, last in front of 9 8; its text goes on as it did there.
TEST(NgramDrafter, GoesOnAsTheTextDidBefore) {
  EXPECT_EQ(drafted({5, 6, 1, 5, 6, 9, 8, 5, 6}, 3), (std::vector<std::int32_t>{9, 8, 5}));
}

// Only "6" stood before; and beyond the end of the text comes what was just drafted.
TEST(NgramDrafter, TakesOneTokenWhereTwoNeverStood) {
  EXPECT_EQ(drafted({6, 2, 3, 6}, 5), (std::vector<std::int32_t>{2, 3, 6, 2, 3}));
}

TEST(NgramDrafter, RepeatsATokenThatIsNew) {
  EXPECT_EQ(drafted({1, 2, 3}, 2), (std::vector<std::int32_t>{3, 3}));
  EXPECT_EQ(drafted({4}, 2), (std::vector<std::int32_t>{4, 4}));
}

TEST(NgramDrafter, FollowsALoop) {
  EXPECT_EQ(drafted({9, 7, 7, 7}, 3), (std::vector<std::int32_t>{7, 7, 7}));
}

}  // namespace
}  // namespace inferbench
