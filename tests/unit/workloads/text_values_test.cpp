#include "workloads/text_values.hpp"

#include "tests/unit/workloads/stream_support.hpp"

namespace inferbench {
namespace {

using namespace std::chrono_literals;

TEST(TextValues, DurationsTakeTheirUnitAndDefaultToSeconds) {
  EXPECT_EQ(parse_duration("90s", ""), 90s);
  EXPECT_EQ(parse_duration("1.5", ""), 1500ms);
  EXPECT_EQ(parse_duration("200ms", ""), 200ms);
  EXPECT_EQ(parse_duration("50us", ""), 50us);
  EXPECT_EQ(parse_duration("7ns", ""), 7ns);
  EXPECT_EQ(parse_duration("2m", ""), 120s);
  EXPECT_EQ(parse_duration(" 1h ", ""), 3600s);
}

TEST(TextValues, DurationsThatAreNoneAreRefused) {
  for (const char* text : {"", "s", "-1s", "1 fortnight", "nan", "inf", "1e30"}) {
    EXPECT_THROW(parse_duration(text, "--window"), Error) << text;
  }
}

TEST(TextValues, DurationTextReadsBack) {
  for (const Duration duration : {Duration(0s), Duration(90s), Duration(1500ms), Duration(7ns)}) {
    EXPECT_EQ(parse_duration(duration_text(duration), ""), duration);
  }
  EXPECT_EQ(duration_text(1500ms), "1500ms");
}

TEST(TextValues, CountsAreWholeAndAtLeast) {
  EXPECT_EQ(parse_count("12", "x"), 12);
  EXPECT_EQ(parse_count("1e6", "x"), 1'000'000);
  for (const char* text : {"0", "-3", "2.5", "8k", "", "1e99"}) {
    EXPECT_THROW(parse_count(text, "--requests"), Error) << text;
  }
  expect_parts(error_of([] { parse_count("2.5", "--requests"); }),
               {"--requests", "\"2.5\"", "whole number >= 1"});
}

TEST(TextValues, SplittingRespectsParentheses) {
  const auto parts = split_outside_parentheses("a(b,c), d ,e(f(g,h))", ',');
  EXPECT_EQ(parts, (std::vector<std::string_view>{"a(b,c)", "d", "e(f(g,h))"}));
}

}  // namespace
}  // namespace inferbench
