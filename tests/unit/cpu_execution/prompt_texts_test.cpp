#include "harness/execute/cpu/prompt_texts.hpp"

#include <gtest/gtest.h>

#include <algorithm>

namespace inferbench {
namespace {

Request request(std::uint64_t id, std::int64_t input, std::vector<std::uint64_t> hashes) {
  Request out;
  out.id = RequestId(id);
  out.input = Tokens(input);
  out.output = Tokens(1);
  out.prefix_blocks = std::move(hashes);
  return out;
}

std::size_t common(const std::vector<std::int32_t>& a, const std::vector<std::int32_t>& b) {
  const auto [end, other] = std::mismatch(a.begin(), a.end(), b.begin(), b.end());
  static_cast<void>(other);
  return static_cast<std::size_t>(end - a.begin());
}

// Hashes of 16 tokens: the first two are shared, the third differs.
TEST(PromptTexts, EqualHashesAreEqualText) {
  const PromptTexts texts(1, 1000, Tokens(16));
  const auto a = texts.of(request(0, 48, {11, 12, 13})), b = texts.of(request(1, 48, {11, 12, 14}));
  EXPECT_EQ(a.size(), 48U);
  EXPECT_EQ(common(a, b), 32U);
  // A prompt that ends inside the second block.
  EXPECT_EQ(common(a, texts.of(request(2, 20, {11, 12}))), 20U);
}

TEST(PromptTexts, WithoutHashesTheRequestDecides) {
  const PromptTexts texts(1, 100000, Tokens(0));
  EXPECT_EQ(texts.of(request(4, 30, {})), texts.of(request(4, 30, {})));
  EXPECT_LT(common(texts.of(request(4, 30, {})), texts.of(request(5, 30, {}))), 3U);
  EXPECT_LT(common(texts.of(request(4, 30, {})),
                   PromptTexts(2, 100000, Tokens(0)).of(request(4, 30, {}))),
            3U);
}

TEST(PromptTexts, StayInsideTheVocabulary) {
  const auto text = PromptTexts(3, 7, Tokens(16)).of(request(0, 500, {1, 2, 3}));
  EXPECT_EQ(*std::min_element(text.begin(), text.end()), 0);
  EXPECT_EQ(*std::max_element(text.begin(), text.end()), 6);
}

}  // namespace
}  // namespace inferbench
