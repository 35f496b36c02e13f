#include "harness/execute/cpu/prompt_texts.hpp"

#include <algorithm>

namespace inferbench {

PromptTexts::PromptTexts(std::uint64_t seed, std::int64_t vocab, Tokens hash_tokens)
    : by_hash_(seed, "prompt.hash"),
      by_request_(seed, "prompt.request"),
      vocab_(static_cast<std::uint64_t>(vocab)),
      hash_tokens_(static_cast<std::size_t>(hash_tokens.count())) {}

std::vector<std::int32_t> PromptTexts::of(const Request& request) const {
  const auto length = static_cast<std::size_t>(request.input.count());
  std::vector<std::int32_t> text;
  text.reserve(length + static_cast<std::size_t>(request.output.count()));
  const auto draw = [&](RandomStream stream, std::size_t until) {
    while (text.size() < until) {
      text.push_back(static_cast<std::int32_t>(stream.below(vocab_)));
    }
  };
  if (hash_tokens_ > 0) {
    for (const std::uint64_t hash : request.prefix_blocks) {
      draw(by_hash_.at(hash), std::min(length, text.size() + hash_tokens_));
    }
  }
  draw(by_request_.at(request.id.value), length);
  return text;
}

}  // namespace inferbench
