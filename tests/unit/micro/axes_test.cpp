#include "harness/micro/axes.hpp"

#include <gtest/gtest.h>

#include "harness/base/error.hpp"

namespace inferbench {
namespace {

using Words = std::vector<std::string>;
using Numbers = std::vector<std::int64_t>;

TEST(Axes, ReadsListsRangesAndPowers) {
  EXPECT_EQ(parse_axis("M=[1,16,64]").name, "m");
  EXPECT_EQ(axis_numbers(parse_axis("M=[1,16,64]")), (Numbers{1, 16, 64}));
  EXPECT_EQ(axis_numbers(parse_axis("m=1,16")), (Numbers{1, 16}));
  EXPECT_EQ(axis_numbers(parse_axis("n = 7")), (Numbers{7}));
  EXPECT_EQ(axis_numbers(parse_axis("M=[1:9:4]")), (Numbers{1, 5, 9}));
  EXPECT_EQ(axis_numbers(parse_axis("M=[1:10:4]")), (Numbers{1, 5, 9}));
  EXPECT_EQ(axis_numbers(parse_axis("M=[2:4]")), (Numbers{2, 3, 4}));
  EXPECT_EQ(axis_numbers(parse_axis("M=[0,10:30:10,64]")), (Numbers{0, 10, 20, 30, 64}));
  EXPECT_EQ(axis_numbers(parse_axis("K[pow2]=[0:6:2]")), (Numbers{1, 4, 16, 64}));
  EXPECT_EQ(axis_numbers(parse_axis("K[pow2]=12,13")), (Numbers{4096, 8192}));
  EXPECT_EQ(parse_axis("Model=llama-3-8b,llama-3-70b").values,
            (Words{"llama-3-8b", "llama-3-70b"}));
}

TEST(Axes, RefusesWhatItCannotRead) {
  for (const char* text : {"M", "=1", "M=", "M=[1", "M=1]", "M=[1,,2]", "M=[4:1]", "M=[1:4:0]",
                           "M=[1:2:3:4]", "M=[a:4]", "M[pow2]=63", "M[pow2]=-1", "M[pow2]=two",
                           "M[x]=1", "M=[1:100000]", "M=[0:9223372036854775807:1]"}) {
    try {
      parse_axis(text);
      ADD_FAILURE() << text;
    } catch (const Error& error) {
      EXPECT_EQ(error.place(), std::string("-a ") + text);
    }
  }
  EXPECT_THROW(axis_numbers(parse_axis("M=many")), Error);
}

TEST(Axes, ARangeEndsAtTheLargestNumber) {
  EXPECT_EQ(axis_numbers(parse_axis("M=[9223372036854775806:9223372036854775807]")),
            (Numbers{9223372036854775806, 9223372036854775807}));
}

}  // namespace
}  // namespace inferbench
