#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include "workloads/request_stream.hpp"
#include "workloads/synthetic/length_distribution.hpp"

namespace inferbench {

// What generated requests are made of; arrivals come later.
struct ConversationShape {
  Lengths input;   // tokens a user adds with each message
  Lengths output;  // tokens of each answer
  // Instead of the two above: lengths of one request together, so that their correlation stays.
  std::vector<std::pair<Tokens, Tokens>> pairs;
  Lengths turns;  // messages per conversation; null: 1
  // A prefix shared by all conversations of a group, before everything else (a system prompt, a
  // document). It comes on top of `input`, as in vLLM's prefix_repetition and SGLang's
  // generated-shared-prefix.
  Lengths prefix;           // tokens, drawn once per group; null: none
  std::int64_t groups = 1;  // how many
  double skew = 0;          // group k is drawn with weight 1 / (k + 1)^skew; 0: all alike
  // Request::priority and its weight, drawn once per conversation; empty: all 0.
  std::vector<std::pair<std::int32_t, double>> priorities{};
  Tokens block_tokens{0};  // of prefix_blocks; 0: requests carry none
};

// Conversations one after the other, without end: request (s, t) depends on (seed, s, t) alone, so
// the first 100 of 1,000 are the 100. Untimed; the turns of a conversation stand together, and the
// input of each includes the history before it.
//
// Block hashes: the k-th block of a group's prefix and of a conversation's own tokens each have one
// value; a partial last block has its own, since a longer prompt fills it with other tokens.
std::unique_ptr<RequestStream> generate_conversations(ConversationShape shape, std::uint64_t seed);

}  // namespace inferbench
