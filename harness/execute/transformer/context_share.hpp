#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "harness/execute/transformer/step_model.hpp"

namespace inferbench {

// What one of several context-parallel ranks computes of a step: of each sequence the tokens whose
// keys and values it caches (KvShare). Blocks of 16 in turns give each rank tokens from all over a
// prompt, so that all have about as much causal attention to compute.
//
// Source: Brandon et al., "Striped Attention", arXiv 2311.09431.
class ContextShare {
 public:
  explicit ContextShare(const KvShare& held) : held_(held) {}
  const KvShare& held() const { return held_; }

  // All of the batch's sequences, in order, some of them without tokens; contexts count what is
  // cached here. Refers to the batch's spans and to this; good until the next take().
  const TokenBatch& take(const TokenBatch& whole);

  // Of the tokens taken last, each in its sequence.
  std::span<const std::int64_t> positions() const { return positions_; }

 private:
  KvShare held_;
  std::vector<std::int32_t> tokens_;
  std::vector<std::int64_t> starts_, context_, positions_, logit_rows_;
  TokenBatch own_;
};

// Where in its sequence a token of a batch stands.
std::int64_t position_of(const AttentionBatch& batch, std::int64_t token);

}  // namespace inferbench
