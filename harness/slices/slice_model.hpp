#pragma once

#include <vector>

#include "harness/execute/ranks/ranked_model.hpp"
#include "harness/execute/ranks/slice.hpp"

namespace inferbench {

// A rank's part of a model, computed without the other ranks: partial sums are kept as they are,
// and of the logits those of its vocabulary are computed; the others are lower than any. So a slice
// of tensor parallelism computes what its rank computes, and its tokens mean nothing. One rank that
// is the whole model gives that model's logits.
class SliceModel final : public StepModel {
 public:
  // `plan`: shape of the whole model, and how it is computed; its parallel configuration is the
  // slice's. `visitors`: whose tokens its experts compute; null: its own, where it holds them all.
  // Keeps references to the team and the visitors. Throws Error as DecoderWeights does.
  SliceModel(const ModelPlan& plan, const Slice& slice, ThreadTeam& team,
             ExpertVisitors* visitors = nullptr);

  void forward(const TokenBatch& batch, std::span<float> logits) override;
  std::int64_t vocab() const override { return vocab_; }
  std::int64_t kv_blocks() const override { return decoder_.kv_blocks(); }
  // Putting logits in their place counts as collectives, as gathering them does on ranks.
  KernelTimes times() const override;
  void trace(KernelSpans* spans) override { decoder_.trace(spans); }

  const DecoderShape& shape() const { return decoder_.shape(); }  // of the rank
  const DecoderWeights& weights() const { return weights_; }

 private:
  std::int64_t vocab_;
  Range own_vocab_;
  DecoderWeights weights_;
  Decoder decoder_;
  std::vector<float> own_;
  Duration placing_{};
};

}  // namespace inferbench
