#pragma once

#include <memory>
#include <vector>

#include "harness/execute/ranks/ranked_model.hpp"
#include "harness/execute/ranks/step_share.hpp"

namespace inferbench {

// What one rank holds and computes of a model: its shard of the weights and the keys and values of
// its heads and layers.
//
// A step of a pipeline goes through it in as many micro-batches as there are stages, so that stages
// compute different ones at the same time; a step of one token passes through alone. Steps do not
// overlap: the last stage has to end one before the first begins the next.
//
// Expert-parallel ranks are data-parallel for attention: each computes the sequences that the batch
// gives it, with KV blocks of its own, and meets the others in the experts of each layer.
// Context-parallel ones share the sequences of an attention rank, token by token.
class RankPart {
 public:
  // Keeps references to the team and to the world, which has as many ranks as the plan. Throws
  // Error as DecoderWeights does.
  RankPart(const ModelPlan& plan, Communicator& world, ThreadTeam& team);
  ~RankPart();

  // Every rank calls it with the same batch; only rank 0 has room for logits.
  void forward(const TokenBatch& batch, std::span<float> logits);

  // As Decoder::trace, the gathering of logits included.
  void trace(KernelSpans* spans) {
    spans_ = spans;
    decoder_->trace(spans);
  }
  // Block `to` of this rank's KV store becomes what `from` holds.
  void copy_block(std::int64_t from, std::int64_t to) { decoder_->kv().copy_block(from, to); }

  const DecoderWeights& weights() const { return weights_; }
  const Decoder& decoder() const { return *decoder_; }
  KernelTimes times() const;

 private:
  DecoderLinks links(Communicator& world);
  Communicator* group(std::unique_ptr<Communicator>& to, int first, int count, int apart);
  void compute(const TokenBatch& batch, std::span<float> whole);
  std::vector<std::int64_t> rows_of(const TokenBatch& batch, const DecoderShard& shard) const;
  void gather(const TokenBatch& batch, std::span<float> logits);

  ModelPlan plan_;
  Communicator& world_;
  DecoderWeights weights_;
  std::unique_ptr<Communicator> tensor_, context_, experts_;  // groups that are not the world
  std::unique_ptr<Decoder> decoder_;
  StepShare share_;
  std::vector<float> own_,
      arrived_;  // logits: of this rank's vocabulary and sequences, of another's
  Duration gathering_{};
  KernelSpans* spans_ = nullptr;
};

}  // namespace inferbench
