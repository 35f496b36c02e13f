#include "harness/plan/chunk_grid.hpp"

#include <gtest/gtest.h>

#include <algorithm>

#include "harness/base/error.hpp"

namespace inferbench {
namespace {

using namespace literals;

// 128 .. 1,280 by 128 are 10 sizes, 1,536 .. 8,192 by 256 are 27.
TEST(ChunkGrid, DefaultsAreThe37SizesOfTheBlog) {
  const std::vector<Tokens> sizes = chunk_sizes();
  ASSERT_EQ(sizes.size(), 37U);
  EXPECT_EQ(sizes[0], 128_tok);
  EXPECT_EQ(sizes[9], 1280_tok);
  EXPECT_EQ(sizes[10], 1536_tok);
  EXPECT_EQ(sizes[36], 8192_tok);
  EXPECT_NE(std::find(sizes.begin(), sizes.end(), 896_tok), sizes.end());
}

// Where the step changes is not stated: 1,280 gives 37 sizes, 1,536 gives 38, 1,792 gives 39.
TEST(ChunkGrid, TheBorderDecidesTheCount) {
  EXPECT_EQ(chunk_sizes({.fine_end = 1536_tok}).size(), 38U);
  EXPECT_EQ(chunk_sizes({.fine_end = 1792_tok}).size(), 39U);
}

TEST(ChunkGrid, OneSizeIsAGrid) {
  EXPECT_EQ(chunk_sizes({.first = 896_tok, .last = 896_tok}).size(), 1U);
}

TEST(ChunkGrid, GridsThatCannotBeAreRefused) {
  EXPECT_THROW(chunk_sizes({.first = 0_tok}), Error);
  EXPECT_THROW(chunk_sizes({.coarse_step = 0_tok}), Error);
  EXPECT_THROW(chunk_sizes({.first = 512_tok, .last = 256_tok}), Error);
}

}  // namespace
}  // namespace inferbench
