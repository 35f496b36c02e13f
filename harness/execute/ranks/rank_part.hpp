#pragma once

#include "harness/execute/ranks/ranked_model.hpp"

namespace inferbench {

// What one rank holds and computes of a model: its shard of the weights and its KV heads' store.
class RankPart {
 public:
  // Keeps references to the team and, where there are several ranks, to `ranks`. Throws Error as
  // DecoderWeights does.
  RankPart(const ModelPlan& plan, Communicator& ranks, ThreadTeam& team);

  // Every rank calls it with the same batch; only rank 0 has room for logits.
  void forward(const TokenBatch& batch, std::span<float> logits);

  void trace(KernelSpans* spans) { decoder_.trace(spans); }
  // Block `to` of this rank's KV store becomes what `from` holds.
  void copy_block(std::int64_t from, std::int64_t to) { decoder_.kv().copy_block(from, to); }

  const DecoderWeights& weights() const { return weights_; }
  const Decoder& decoder() const { return decoder_; }

 private:
  DecoderWeights weights_;
  Decoder decoder_;
};

}  // namespace inferbench
