#include "harness/execute/ranks/step_share.hpp"

#include <gtest/gtest.h>

namespace inferbench {
namespace {

template <class T>
std::vector<T> list(std::span<const T> values) {
  return {values.begin(), values.end()};
}
using Numbers = std::vector<std::int64_t>;

// Sequences of 3, 1 and 2 tokens; the first and the last are of attention rank 1, the one between
// them of rank 0.
struct Batch {
  std::vector<std::int32_t> tokens = {0, 1, 2, 3, 4, 5}, table = {7, 8, 9};
  Numbers starts = {0, 3, 4, 6}, context = {0, 10, 5}, logits = {2, 3, 5}, rewriting = {2};
  std::vector<std::uint16_t> ranks = {1, 0, 1};
  TokenBatch whole() const {
    return {
        .tokens = tokens,
        .sequences = {.starts = starts, .context = context, .block_table = table, .max_blocks = 1},
        .logit_rows = logits,
        .rewriting = rewriting,
        .attention_ranks = ranks};
  }
};

TEST(StepShare, GivesEachRankItsSequences) {
  const Batch batch;
  StepShare first(0, 2, 1), second(1, 2, 1);
  const auto one = first.cut(batch.whole());
  ASSERT_EQ(one.size(), 1U);
  EXPECT_EQ(list(one[0].tokens), (std::vector<std::int32_t>{3}));
  EXPECT_EQ(list(one[0].sequences.context), (Numbers{10}));
  EXPECT_EQ(one[0].sequences.blocks(0)[0], 8);
  EXPECT_EQ(list(one[0].logit_rows), (Numbers{0}));
  EXPECT_TRUE(one[0].rewriting.empty());
  const auto two = second.cut(batch.whole());
  ASSERT_EQ(two.size(), 1U);
  EXPECT_EQ(list(two[0].tokens), (std::vector<std::int32_t>{0, 1, 2, 4, 5}));
  EXPECT_EQ(list(two[0].sequences.starts), (Numbers{0, 3, 5}));
  EXPECT_EQ(list(two[0].sequences.context), (Numbers{0, 5}));
  EXPECT_EQ(two[0].sequences.blocks(1)[0], 9);
  EXPECT_EQ(list(two[0].logit_rows), (Numbers{2, 4}));
  EXPECT_EQ(list(two[0].rewriting), (Numbers{1}));
  for (const StepShare* share : {&first, &second}) {
    EXPECT_EQ(list(share->logit_rows_of(0)), (Numbers{1}));
    EXPECT_EQ(list(share->logit_rows_of(1)), (Numbers{0, 2}));
  }
}

// Rank 1 has two tokens for two stages, rank 0 one: its second micro-batch is empty. Rank 2 has
// none at all.
TEST(StepShare, HasAsManyMicroBatchesOnEveryRank) {
  const Batch batch;
  for (const std::int64_t rank : {0, 1, 2}) {
    StepShare share(rank, 3, 2);
    for (int round = 0; round < 2; ++round) {
      const auto parts = share.cut(batch.whole());
      ASSERT_EQ(parts.size(), 2U);
      EXPECT_EQ(parts[0].sequences.tokens(), rank == 0 ? 1 : rank == 1 ? 2 : 0);
      EXPECT_EQ(parts[1].sequences.tokens(), rank == 1 ? 3 : 0);
    }
  }
}

}  // namespace
}  // namespace inferbench
