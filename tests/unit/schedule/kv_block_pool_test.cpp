#include "harness/schedule/kv_block_pool.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <vector>

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

// 6 tokens in blocks of 4, forked twice: three tables, two blocks. Each writes token 7 to the block
// that holds 5 and 6; the first two copy it, the last one has it to itself by then.
TEST(KvBlockPool, AForkCopiesTheBlockItWritesTo) {
  KvBlockPool pool(10, 4_tok);
  ASSERT_TRUE(pool.reserve(0, 6_tok));
  pool.fork(0, 1);
  pool.fork(0, 2);
  EXPECT_EQ(pool.used(), 2);
  EXPECT_EQ(pool.in_tables(), 6);
  EXPECT_TRUE(pool.write(1, 6_tok, 7_tok));
  EXPECT_TRUE(pool.write(2, 6_tok, 7_tok));
  EXPECT_TRUE(pool.write(0, 6_tok, 7_tok));
  EXPECT_EQ(pool.copies(), 2);
  EXPECT_EQ(pool.used(), 4);
  EXPECT_EQ(pool.blocks(1)[0], pool.blocks(0)[0]);
  EXPECT_NE(pool.blocks(1)[1], pool.blocks(0)[1]);
  pool.check();
  pool.release(0);
  EXPECT_EQ(pool.used(), 3);  // the shared block stays
  pool.check();
}

// Whole blocks are never written again, so a fork at a block's border copies nothing.
TEST(KvBlockPool, AForkAtABorderGrowsOnItsOwn) {
  KvBlockPool pool(3, 4_tok);
  ASSERT_TRUE(pool.reserve(0, 8_tok));
  pool.fork(0, 1);
  EXPECT_TRUE(pool.write(1, 8_tok, 9_tok));
  EXPECT_EQ(pool.copies(), 0);
  EXPECT_EQ(pool.used(), 3);
  EXPECT_FALSE(pool.write(0, 8_tok, 9_tok));  // no block left; nothing changed
  pool.check();
}

// Against tables of contents: what a table wrote stays what it reads, whatever others write.
TEST(KvBlockPool, ForksNeverWriteIntoEachOther) {
  RandomStream random(3, "kv_block_pool_test");
  KvBlockPool pool(60, 4_tok);
  std::vector<std::int64_t> length(6, 0);
  for (int step = 0; step < 4000; ++step) {
    const std::size_t table = random.below(6), other = random.below(6);
    if (random.below(4) == 0 && length[other] == 0 && table != other) {
      pool.fork(table, other);
      length[other] = length[table];
    } else if (random.below(6) == 0) {
      pool.release(table);
      length[table] = 0;
    } else {
      const std::int64_t end = length[table] + random.between(1, 6);
      const std::int64_t before = pool.used();
      if (!pool.write(table, Tokens(length[table]), Tokens(end))) {
        EXPECT_EQ(pool.used(), before);
        continue;
      }
      const auto blocks = pool.blocks(table);
      for (std::size_t t = 0; t < 6; ++t) {
        const auto others = pool.blocks(t);
        for (std::int64_t at = length[table]; t != table && at < end; ++at) {
          const auto block = static_cast<std::size_t>(at / 4);
          EXPECT_EQ(std::count(others.begin(), others.end(), blocks[block]), 0);
        }
      }
      length[table] = end;
    }
    pool.check();
  }
  EXPECT_GT(pool.copies(), 50);
}

}  // namespace
}  // namespace inferbench
