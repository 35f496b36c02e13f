#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "harness/base/error.hpp"
#include "harness/claims/registry.hpp"

namespace inferbench {
namespace {

Numbers sharded(int ranks, int hidden = 96) {
  const nlohmann::json all = {{"ranks", ranks},
                              {"tokens", 32},
                              {"in_features", 40},
                              {"hidden", hidden},
                              {"out_features", 48}};
  const JsonObject inputs(all, "test");
  return find_measure("sharded_layers", "test").function(inputs, shipped_world());
}

double value(const Numbers& numbers, const std::string& name) {
  return std::get<std::vector<double>>(*numbers.find(name)).front();
}

// Gathered: 32 x 96 fp32 numbers, of which a rank of 3 lacks two thirds: 8,192 bytes. Reduced:
// 32 x 48, over 3 ranks 2 * 2/3 of 6,144 bytes: 8,192.
TEST(ShardedLayers, CountsTheBytesThatTheFormulasSay) {
  const Numbers three = sharded(3);
  EXPECT_EQ(value(three, "all_gather_bytes"), 8192);
  EXPECT_EQ(value(three, "formula_all_gather_bytes"), 8192);
  EXPECT_EQ(value(three, "all_reduce_bytes"), 8192);
  EXPECT_EQ(value(three, "formula_all_reduce_bytes"), 8192);
  EXPECT_DOUBLE_EQ(value(three, "weight_share"), 1.0 / 3);
  EXPECT_EQ(value(three, "column_difference"), 0);
  EXPECT_GT(value(three, "row_difference"), 0);
  EXPECT_LT(value(three, "row_difference"), 2e-6);
}

TEST(ShardedLayers, OneRankIsTheWholeLayer) {
  const Numbers one = sharded(1);
  EXPECT_EQ(value(one, "all_reduce_bytes"), 0);
  EXPECT_EQ(value(one, "row_difference"), 0);
  EXPECT_EQ(value(one, "weight_share"), 1);
}

TEST(ShardedLayers, RefusesWhatDoesNotDivide) {
  EXPECT_THROW(sharded(5), Error);
}

}  // namespace
}  // namespace inferbench
