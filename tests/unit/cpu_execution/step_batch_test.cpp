#include "harness/execute/cpu/step_batch.hpp"

#include <gtest/gtest.h>

namespace inferbench {
namespace {

void add(StepBatch& batch, std::int64_t context, std::span<const BlockRun> table, int tokens) {
  batch.begin_sequence(context, table);
  for (int i = 0; i < tokens; ++i) batch.add(i);
}

template <class T>
std::vector<T> list(std::span<const T> values) {
  return {values.begin(), values.end()};
}

// 20 tokens from the beginning in blocks 5, 6, and one behind 33 in blocks 9, 2, 3.
TEST(StepBatch, RunsBecomeTables) {
  const std::vector<BlockRun> a = {{5, 4}}, b = {{9, 1}, {2, 2}};
  StepBatch batch(20);
  add(batch, 0, a, 20);
  add(batch, 33, b, 1);
  batch.want_logits();
  const TokenBatch out = batch.batch();
  EXPECT_EQ(list(out.sequences.starts), (std::vector<std::int64_t>{0, 20, 21}));
  EXPECT_EQ(list(out.sequences.context), (std::vector<std::int64_t>{0, 33}));
  EXPECT_EQ(out.sequences.max_blocks, 3);
  EXPECT_EQ(list(out.sequences.block_table), (std::vector<std::int32_t>{5, 6, 0, 9, 2, 3}));
  EXPECT_EQ(list(out.logit_rows), (std::vector<std::int64_t>{20}));
  EXPECT_TRUE(out.rewriting.empty());
}

// A and B write block 5, B and C block 8; D writes where nobody of its group does.
TEST(StepBatch, SequencesThatWriteTheSameBlocksAreKeptApart) {
  const std::vector<BlockRun> a = {{5, 2}}, b = {{5, 1}, {8, 1}};
  StepBatch batch(20);
  add(batch, 0, a, 20);  // A: 5, 6
  add(batch, 0, b, 20);  // B: 5, 8
  add(batch, 16, b, 3);  // C: 8, again
  add(batch, 16, a, 1);  // D: 6, last written two groups ago
  EXPECT_EQ(list(batch.batch().rewriting), (std::vector<std::int64_t>{1, 2}));
  batch.clear();
  add(batch, 0, a, 20);
  EXPECT_TRUE(batch.batch().rewriting.empty());
}

TEST(StepBatch, ATableWithoutRoomIsABrokenInvariant) {
  const std::vector<BlockRun> a = {{5, 1}};
  StepBatch batch(20);
  add(batch, 0, a, 17);
  EXPECT_THROW(batch.batch(), std::logic_error);
}

}  // namespace
}  // namespace inferbench
