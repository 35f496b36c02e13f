#include "harness/cost/step_formulation.hpp"

#include <gtest/gtest.h>

namespace inferbench {
namespace {

BatchItem item(bool decode, std::int64_t context, std::int64_t new_tokens, std::int64_t padding) {
  return {.request = {},
          .context = Tokens(context),
          .new_tokens = Tokens(new_tokens),
          .padding = Tokens(padding),
          .decode = decode,
          .emits = true};
}

RankLoad load_of(std::vector<BatchItem> items, double window = 0) {
  BatchPlan plan;
  plan.items = std::move(items);
  RankLoad load;
  add_items(plan, window, {&load, 1});
  return load;
}

void expect_equal(const AttentionLoad& a, const AttentionLoad& b) {
  EXPECT_EQ(a.queries, b.queries);
  EXPECT_EQ(a.pairs, b.pairs);
  EXPECT_EQ(a.kv_tokens, b.kv_tokens);
  EXPECT_EQ(a.requests, b.requests);
}

void expect_equal(const RankLoad& a, const RankLoad& b) {
  EXPECT_EQ(a.tokens, b.tokens);
  EXPECT_EQ(a.sampled, b.sampled);
  EXPECT_EQ(a.requests, b.requests);
  expect_equal(a.prefill, b.prefill);
  expect_equal(a.decode, b.decode);
  expect_equal(a.windowed_prefill, b.windowed_prefill);
  expect_equal(a.windowed_decode, b.windowed_decode);
}

// A row of 100 with 40 of them padding costs what a prompt of 100 costs.
TEST(AddItems, APaddedPromptIsARowOfItsPaddedLength) {
  for (const double window : {0.0, 64.0}) {
    expect_equal(load_of({item(false, 0, 60, 40)}, window),
                 load_of({item(false, 0, 100, 0)}, window));
  }
}

// Three places whose answers are complete decode on beside one that is not.
TEST(AddItems, AnEmptyPlaceIsADecodeOfTheSameContext) {
  for (const double window : {0.0, 64.0}) {
    expect_equal(load_of({item(true, 200, 1, 3), item(true, 90, 1, 0)}, window),
                 load_of({item(true, 200, 1, 0), item(true, 200, 1, 0), item(true, 200, 1, 0),
                          item(true, 200, 1, 0), item(true, 90, 1, 0)},
                         window));
  }
}

// 1 + 4 drafted tokens at context 200: queries see 201 to 205 keys, the cache is read once, and the
// head runs on all five to check the drafts.
TEST(AddItems, DraftedTokensAreSampledAll) {
  const RankLoad load = load_of({item(true, 200, 5, 0)});
  EXPECT_EQ(load.tokens, 5);
  EXPECT_EQ(load.sampled, 5);
  EXPECT_EQ(load.requests, 1);
  EXPECT_EQ(load.decode.pairs, 201 + 202 + 203 + 204 + 205);
  EXPECT_EQ(load.decode.kv_tokens, 205);
}

}  // namespace
}  // namespace inferbench
