#include "harness/execute/transformer/context_share.hpp"

#include <gtest/gtest.h>

#include <numeric>

namespace inferbench {
namespace {

using Numbers = std::vector<std::int64_t>;

Numbers list(std::span<const std::int64_t> values) {
  return {values.begin(), values.end()};
}

// Tokens 30 to 34 of one sequence and token 5 of another on two ranks: 30 and 31 are of block 1, on
// the second rank, behind 14 tokens there; 32 to 34 of block 2, on the first, behind 16.
TEST(ContextShare, TakesTheTokensOfItsBlocks) {
  const std::vector<std::int32_t> tokens = {10, 11, 12, 13, 14, 20}, table = {0, 1};
  const Numbers starts = {0, 5, 6}, context = {30, 5}, rows = {1, 4, 5}, rewriting = {1};
  const TokenBatch whole{
      .tokens = tokens,
      .sequences = {.starts = starts, .context = context, .block_table = table, .max_blocks = 1},
      .logit_rows = rows,
      .rewriting = rewriting,
      .block_tokens = 32};
  ContextShare first({0, 2}), second({1, 2});
  const TokenBatch& a = first.take(whole);
  EXPECT_EQ(std::vector<std::int32_t>(a.tokens.begin(), a.tokens.end()),
            (std::vector<std::int32_t>{12, 13, 14, 20}));
  EXPECT_EQ(list(a.sequences.starts), (Numbers{0, 3, 4}));
  EXPECT_EQ(list(a.sequences.context), (Numbers{16, 5}));
  EXPECT_EQ(list(first.positions()), (Numbers{32, 33, 34, 5}));
  EXPECT_EQ(list(a.logit_rows), (Numbers{2, 3}));
  EXPECT_EQ(list(a.rewriting), (Numbers{1}));
  const TokenBatch& b = second.take(whole);
  EXPECT_EQ(list(b.sequences.starts), (Numbers{0, 2, 2}));
  EXPECT_EQ(list(b.sequences.context), (Numbers{14, 0}));
  EXPECT_EQ(list(second.positions()), (Numbers{30, 31}));
  EXPECT_EQ(list(b.logit_rows), (Numbers{1}));
  EXPECT_EQ(position_of(whole.sequences, 4), 34);
  EXPECT_EQ(position_of(whole.sequences, 5), 5);
}

TEST(ContextShare, RanksShareEveryTokenOnce) {
  std::vector<std::int32_t> tokens(300);
  std::iota(tokens.begin(), tokens.end(), 0);
  const Numbers starts = {0, 1, 250, 300}, context = {77, 3, 160};
  std::vector<int> seen(300);
  for (std::int64_t rank = 0; rank < 3; ++rank) {
    ContextShare share({rank, 3});
    const TokenBatch& own = share.take(
        {.tokens = tokens,
         .sequences = {.starts = starts, .context = context, .block_table = {}, .max_blocks = 0},
         .logit_rows = {},
         .block_tokens = 48});
    for (const std::int32_t token : own.tokens) ++seen[static_cast<std::size_t>(token)];
  }
  EXPECT_EQ(seen, std::vector<int>(300, 1));
}

}  // namespace
}  // namespace inferbench
