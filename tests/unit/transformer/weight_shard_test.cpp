#include "harness/execute/transformer/weight_shard.hpp"

#include <gtest/gtest.h>

#include <map>

#include "decoder_support.hpp"
#include "harness/base/error.hpp"
#include "harness/execute/transformer/random_weights.hpp"

namespace inferbench {
namespace {

std::vector<std::int64_t> rows_in(const MatrixPart& part) {
  std::vector<std::int64_t> rows;
  for (const Range& range : part.rows) {
    for (std::int64_t r = range.begin; r < range.end; ++r) rows.push_back(r);
  }
  return rows;
}

// tiny-dense-test: 4 heads and 2 KV heads of 16, FFN 128, hidden 64, vocabulary 256. Queries are
// rows 0..63 of qkv, keys 64..95, values 96..127; gate is rows 0..127, up 128..255.
TEST(WeightShard, TheSecondOfTwoHasTheLaterHeadsAndColumns) {
  const DecoderShape whole = tiny_shape();
  const DecoderShard second{.rank = 1, .ranks = 2};
  const auto begins = [&](DecoderMatrix matrix) {
    std::vector<std::pair<std::int64_t, std::int64_t>> out;
    for (const Range& r : matrix_part(whole, matrix, second).rows) out.emplace_back(r.begin, r.end);
    return out;
  };
  using Ranges = std::vector<std::pair<std::int64_t, std::int64_t>>;
  EXPECT_EQ(begins(DecoderMatrix::qkv), (Ranges{{32, 64}, {80, 96}, {112, 128}}));
  EXPECT_EQ(begins(DecoderMatrix::gate_up), (Ranges{{64, 128}, {192, 256}}));
  EXPECT_EQ(begins(DecoderMatrix::head), (Ranges{{128, 256}}));
  EXPECT_EQ(begins(DecoderMatrix::attention_out), (Ranges{{0, 64}}));
  const MatrixPart out = matrix_part(whole, DecoderMatrix::attention_out, second);
  EXPECT_EQ(out.columns.begin, 32);
  EXPECT_EQ(out.columns.end, 64);
  const DecoderShape part = shard_shape(whole, second);
  EXPECT_EQ(part.heads, 2);
  EXPECT_EQ(part.kv_heads, 1);
  EXPECT_EQ(part.ffn, 64);
  EXPECT_EQ(part.hidden, 64);
}

TEST(WeightShard, FourRanksKeepTwoKvHeadsTwice) {
  const DecoderShape whole = tiny_shape();
  for (std::int64_t rank = 0; rank < 4; ++rank) {
    const MatrixPart part = matrix_part(whole, DecoderMatrix::qkv, {.rank = rank, .ranks = 4});
    EXPECT_EQ(part.rows[0].begin, 16 * rank);
    EXPECT_EQ(part.rows[1].begin, 64 + 16 * (rank / 2));
    EXPECT_EQ(part.rows[2].begin, 96 + 16 * (rank / 2));
    EXPECT_EQ(part.row_count(), 48);
    EXPECT_EQ(shard_shape(whole, {.rank = rank, .ranks = 4}).kv_heads, 1);
  }
}

// Each element once, that of a kept KV head as often as the head is kept.
TEST(WeightShard, PartsCoverEveryMatrix) {
  DecoderShape whole = tiny_shape();
  whole.vocab = 253;
  const RandomWeights random(whole, kWeightSeed);
  for (const std::int64_t ranks : {1, 2, 4}) {
    for (const DecoderMatrix matrix :
         {DecoderMatrix::head, DecoderMatrix::qkv, DecoderMatrix::attention_out,
          DecoderMatrix::gate_up, DecoderMatrix::down}) {
      std::map<std::int64_t, std::int64_t> seen;  // by row: its elements
      for (std::int64_t rank = 0; rank < ranks; ++rank) {
        const MatrixPart part = matrix_part(whole, matrix, {.rank = rank, .ranks = ranks});
        for (const std::int64_t row : rows_in(part)) seen[row] += part.column_count();
      }
      ASSERT_EQ(static_cast<std::int64_t>(seen.size()), random.rows(matrix));
      for (const auto& [row, elements] : seen) {
        const bool kept_twice = matrix == DecoderMatrix::qkv && row >= 64 && ranks == 4;
        EXPECT_EQ(elements, random.columns(matrix) * (kept_twice ? 2 : 1)) << row;
      }
    }
  }
}

TEST(WeightShard, RowsAreThoseOfTheWhole) {
  DecoderShape shape = tiny_shape();
  shape.qkv_bias = true;
  const RandomWeights whole(shape, kWeightSeed);
  const WeightShard shard(whole, {.rank = 1, .ranks = 4});
  EXPECT_EQ(shard.columns(DecoderMatrix::down), 32);
  std::vector<float> all(128), some(32);
  whole.row(DecoderMatrix::down, 1, 9, all);
  shard.row(DecoderMatrix::down, 1, 9, some);
  EXPECT_TRUE(std::equal(some.begin(), some.end(), all.begin() + 32));
  // Row 20 of its qkv: 16 queries, then the fifth key of head 0.
  std::vector<float> key(64), same(64);
  shard.row(DecoderMatrix::qkv, 0, 20, key);
  whole.row(DecoderMatrix::qkv, 0, 68, same);
  EXPECT_EQ(key, same);
  const auto biases = whole.vector(DecoderVector::qkv_bias, 1);
  const auto own = shard.vector(DecoderVector::qkv_bias, 1);
  ASSERT_EQ(own.size(), 48U);
  EXPECT_EQ(own[20], biases[68]);
}

// tiny-moe-test: experts of 128 columns. Row 40 of the second expert's gate and up on the third of
// four ranks is the ninth of up, 64 + 8 of the expert's 128 columns.
TEST(WeightShard, SharesOutEachExpert) {
  const DecoderShape shape = decoder_shape(find_model("tiny-moe-test"));
  const std::int64_t ffn = shape.experts->ffn, each = ffn / 4;
  const RandomWeights whole(shape, kWeightSeed);
  const WeightShard shard(whole, {.rank = 2, .ranks = 4});
  EXPECT_EQ(shard.rows_of_expert(DecoderMatrix::expert_gate_up), 2 * each);
  std::vector<float> got(64), want(64);
  shard.row(DecoderMatrix::expert_gate_up, 0, 2 * each + each + 8, got);
  whole.row(DecoderMatrix::expert_gate_up, 0, 2 * ffn + ffn + 2 * each + 8, want);
  EXPECT_EQ(got, want);
}

std::string refused(const DecoderShape& shape, const char* format, std::int64_t ranks) {
  try {
    check_shards("--parallel TP", shape, decoder_format(format), ranks);
  } catch (const Error& error) {
    return error.what();
  }
  return "";
}

TEST(WeightShard, RefusesByNameWhatCannotBeSharedOut) {
  const DecoderShape tiny = tiny_shape();
  EXPECT_NE(refused(tiny, "bf16", 3).find("4 heads cannot be shared out to 3 ranks"),
            std::string::npos);
  DecoderShape odd = tiny;
  odd.ffn = 130;
  EXPECT_NE(refused(odd, "bf16", 4).find("FFN of 130 columns"), std::string::npos);
  DecoderShape three = tiny;
  three.heads = 6;
  three.kv_heads = 3;
  EXPECT_NE(refused(three, "bf16", 2).find("3 KV heads"), std::string::npos);
  // 64 inputs of attention's output, 32 for each of two ranks, in groups of 128.
  EXPECT_NE(refused(tiny, "w4a8-g128", 2).find("one scale for 128"), std::string::npos);
  EXPECT_EQ(refused(tiny, "w4a8-g32", 2), "");
  EXPECT_NE(refused(tiny, "w4a8-g32", 4).find("32 of them"), std::string::npos);
  EXPECT_EQ(refused(tiny, "bf16", 4), "");
}

}  // namespace
}  // namespace inferbench
