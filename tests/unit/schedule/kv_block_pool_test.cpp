#include "harness/schedule/kv_block_pool.hpp"

#include <gtest/gtest.h>

#include "harness/base/random.hpp"

namespace inferbench {
namespace {

using namespace inferbench::literals;

// Blocks of 16 tokens: 33 tokens need three; the table grows only at the next border.
TEST(KvBlockPool, GrowsATableBlockByBlock) {
  KvBlockPool pool(10, 16_tok);
  EXPECT_TRUE(pool.reserve(0, 33_tok));
  EXPECT_EQ(pool.used(), 3);
  EXPECT_EQ(pool.room(0), 48_tok);
  EXPECT_TRUE(pool.reserve(0, 48_tok));
  EXPECT_EQ(pool.used(), 3);
  EXPECT_TRUE(pool.reserve(0, 49_tok));
  EXPECT_EQ(pool.blocks(0).size(), 4U);
  pool.check();
}

TEST(KvBlockPool, ANoChangesNothing) {
  KvBlockPool pool(4, 16_tok);
  EXPECT_TRUE(pool.reserve(0, 48_tok));
  EXPECT_FALSE(pool.reserve(1, 32_tok));
  EXPECT_EQ(pool.used(), 3);
  EXPECT_TRUE(pool.blocks(1).empty());
  EXPECT_TRUE(pool.reserve(1, 16_tok));
  EXPECT_EQ(pool.free(), 0);
}

TEST(KvBlockPool, ReleasedBlocksAreUsedAgain) {
  KvBlockPool pool(2, 16_tok);
  EXPECT_TRUE(pool.reserve(0, 32_tok));
  pool.release(0);
  EXPECT_EQ(pool.used(), 0);
  EXPECT_TRUE(pool.reserve(1, 32_tok));
  EXPECT_EQ(pool.peak_used(), 2);
  pool.check();
}

TEST(KvBlockPool, ShrinkingKeepsTheFirstBlocks) {
  KvBlockPool pool(4, 16_tok);
  EXPECT_TRUE(pool.reserve(0, 64_tok));
  const BlockId first = pool.blocks(0)[0];
  pool.shrink(0, 17_tok);
  EXPECT_EQ(pool.blocks(0).size(), 2U);
  EXPECT_EQ(pool.blocks(0)[0], first);
  EXPECT_EQ(pool.free(), 2);
  pool.shrink(0, 64_tok);  // it has less
  EXPECT_EQ(pool.used(), 2);
  pool.check();
}

// Paging wastes less than a block per request; a contiguous reservation for the longest answer
// wastes 1 - mean / longest, about half for uniform lengths.
TEST(KvBlockPool, WastesLessThanABlockPerRequest) {
  constexpr std::int64_t kRequests = 1000, kLongest = 2000;
  KvBlockPool pool(kRequests * kLongest, 16_tok);
  RandomStream random(1, "kv_block_pool_test");
  std::int64_t tokens = 0;
  for (std::size_t table = 0; table < kRequests; ++table) {
    const std::int64_t length = random.between(1, kLongest);
    ASSERT_TRUE(pool.reserve(table, Tokens(length)));
    tokens += length;
  }
  const std::int64_t wasted = pool.used() * 16 - tokens;
  EXPECT_LT(wasted, kRequests * 16);
  const double contiguous = 1 - static_cast<double>(tokens) / (kRequests * kLongest);
  EXPECT_NEAR(contiguous, 0.5, 0.03);
  EXPECT_LT(static_cast<double>(wasted) / static_cast<double>(tokens), 0.01);
}

TEST(KvBlockPool, KeepsItsInvariantUnderRandomUse) {
  RandomStream random(2, "kv_block_pool_test");
  KvBlockPool pool(50, 4_tok);
  for (int step = 0; step < 5000; ++step) {
    const std::size_t table = random.below(12);
    if (random.below(3) == 0) {
      pool.release(table);
    } else {
      pool.reserve(table, pool.room(table) + Tokens(random.between(1, 12)));
    }
    pool.check();
    ASSERT_EQ(pool.free() + pool.used(), pool.capacity());
  }
}

}  // namespace
}  // namespace inferbench
