#include "harness/execute/ranks/micro_batches.hpp"

#include <gtest/gtest.h>

namespace inferbench {
namespace {

template <class T>
std::vector<T> list(std::span<const T> values) {
  return {values.begin(), values.end()};
}
using Numbers = std::vector<std::int64_t>;

// Three sequences of 5, 1 and 6 tokens behind 16, 40 and 0 cached ones. Cut in two after six
// tokens, between the second and the third; in three after four and eight, inside the first and
// the third.
struct Batch {
  std::vector<std::int32_t> tokens = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11};
  Numbers starts = {0, 5, 6, 12}, context = {16, 40, 0}, logits = {4, 5, 11};
  std::vector<std::int32_t> table = {7, 8, 0, 1, 2, 3, 9, 0, 0};
  TokenBatch whole() const {
    return {
        .tokens = tokens,
        .sequences = {.starts = starts, .context = context, .block_table = table, .max_blocks = 3},
        .logit_rows = logits};
  }
};

TEST(MicroBatches, CutBetweenSequences) {
  const Batch batch;
  MicroBatches cutter;
  const auto parts = cutter.cut(batch.whole(), 2);
  ASSERT_EQ(parts.size(), 2U);
  EXPECT_EQ(list(parts[0].sequences.starts), (Numbers{0, 5, 6}));
  EXPECT_EQ(list(parts[0].sequences.context), (Numbers{16, 40}));
  EXPECT_EQ(list(parts[0].logit_rows), (Numbers{4, 5}));
  EXPECT_EQ(list(parts[1].sequences.starts), (Numbers{0, 6}));
  EXPECT_EQ(list(parts[1].logit_rows), (Numbers{5}));
  EXPECT_EQ(parts[1].tokens.front(), 6);
  EXPECT_EQ(parts[1].sequences.blocks(0)[0], 9);
}

TEST(MicroBatches, CutInsideSequencesFindsTheEarlierTokensCached) {
  const Batch batch;
  MicroBatches cutter;
  const auto parts = cutter.cut(batch.whole(), 3);
  ASSERT_EQ(parts.size(), 3U);
  EXPECT_EQ(list(parts[0].sequences.context), (Numbers{16}));
  EXPECT_TRUE(parts[0].logit_rows.empty());
  EXPECT_EQ(list(parts[1].sequences.starts), (Numbers{0, 1, 2, 4}));
  EXPECT_EQ(list(parts[1].sequences.context), (Numbers{20, 40, 0}));
  EXPECT_EQ(list(parts[2].sequences.context), (Numbers{2}));
}

// The second sequence has cached tokens in block 9, which the third computes in this step.
TEST(MicroBatches, StayWholeWhereAnEarlierPartNeedsALaterOne) {
  Batch batch;
  batch.context = {16, 32, 0};
  batch.table = {7, 8, 0, 1, 9, 2, 9, 0, 0};
  MicroBatches cutter;
  EXPECT_EQ(cutter.cut(batch.whole(), 2).size(), 1U);
  EXPECT_EQ(cutter.cut(batch.whole(), 1).size(), 1U);
}

TEST(MicroBatches, AreNoMoreThanTokens) {
  Batch batch;
  MicroBatches cutter;
  EXPECT_EQ(cutter.cut(batch.whole(), 100).size(), 12U);
}

// Both write block 7: side by side one after the other, in different parts anyway.
TEST(MicroBatches, KeepWhatIsWrittenTwiceApart) {
  Batch batch;
  batch.starts = {0, 4, 8, 12};
  batch.context = {0, 0, 0};
  batch.table = {7, 0, 0, 7, 0, 0, 7, 0, 0};
  const Numbers rewriting = {1, 2};
  TokenBatch whole = batch.whole();
  whole.rewriting = rewriting;
  MicroBatches cutter;
  EXPECT_EQ(list(cutter.cut(whole, 1)[0].rewriting), (Numbers{1, 2}));
  const auto parts = cutter.cut(whole, 3);
  for (const TokenBatch& part : parts) EXPECT_TRUE(part.rewriting.empty());
}

}  // namespace
}  // namespace inferbench
