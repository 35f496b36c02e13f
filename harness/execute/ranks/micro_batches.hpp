#pragma once

#include <deque>
#include <vector>

#include "harness/execute/transformer/step_model.hpp"

namespace inferbench {

// A step's batch cut into parts of about equal tokens, in order, so that pipeline stages work on
// different ones at the same time. A sequence may be cut: its later tokens then find the earlier
// ones cached. The batch stays whole where a sequence attends to keys that only a later one of the
// same step computes.
class MicroBatches {
 public:
  // At most `count` parts, each of at least one token. The parts refer to the batch's spans and to
  // this object; good until the next cut().
  std::span<const TokenBatch> cut(const TokenBatch& batch, std::int64_t count);

 private:
  struct Part {
    std::vector<std::int64_t> starts, context, logit_rows, rewriting;
    std::vector<std::int32_t> block_table;
  };

  TokenBatch take(const TokenBatch& batch, std::int64_t begin, std::int64_t end);
  bool in_order(std::int64_t block_tokens) const;

  std::deque<Part> parts_;
  std::vector<TokenBatch> batches_;
};

}  // namespace inferbench
