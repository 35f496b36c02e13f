#pragma once

#include <deque>
#include <vector>

#include "harness/execute/ranks/micro_batches.hpp"

namespace inferbench {

// What one attention rank computes of a step: its sequences, in micro-batches. Ranks that share out
// the experts meet in every micro-batch, so all have equally many, some of them empty.
class StepShare {
 public:
  // Rank `rank` of `ranks`; `stages` of the pipeline: micro-batches at most.
  StepShare(std::int64_t rank, std::int64_t ranks, std::int64_t stages);

  // The parts refer to the batch's spans and to this object; good until the next cut().
  std::span<const TokenBatch> cut(const TokenBatch& batch);

  // Of the batch cut last: whose logits of its rows, in order, attention rank `rank` computes.
  std::span<const std::int64_t> logit_rows_of(std::int64_t rank) const {
    return owned_[static_cast<std::size_t>(rank)].logit_rows;
  }

 private:
  // The sequences of one rank, packed.
  struct Owned {
    std::vector<std::int32_t> tokens, block_table;
    std::vector<std::int64_t> starts, context, wanted, rewriting;
    std::vector<std::int64_t> logit_rows;  // places among the batch's rows; `wanted`: tokens here
    MicroBatches micro_batches;

    TokenBatch batch(const TokenBatch& whole) const;
  };

  void give_out(const TokenBatch& batch);

  std::size_t rank_;
  std::int64_t stages_;
  std::vector<Owned> owned_;
  std::vector<TokenBatch> parts_;
};

}  // namespace inferbench
