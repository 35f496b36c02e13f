#include "harness/slices/slice_model.hpp"

#include <algorithm>
#include <chrono>
#include <limits>

#include "harness/base/error.hpp"
#include "harness/execute/transformer/layer_sample.hpp"

namespace inferbench {
namespace {

DecoderWeights weights_of(const ModelPlan& plan, const Slice& slice, ThreadTeam& team) {
  const RandomWeights random(plan.shape, plan.seed);
  const WeightSource& whole = plan.trained != nullptr ? *plan.trained : random;
  const LayerSample sample(whole, slice_shape(plan.shape, slice));
  return DecoderWeights(WeightShard(sample, slice.shard()), *plan.format, team);
}

}  // namespace

SliceModel::SliceModel(const ModelPlan& plan, const Slice& slice, ThreadTeam& team,
                       ExpertVisitors* visitors)
    : vocab_(plan.shape.vocab),
      own_vocab_(shard_vocab(slice_shape(plan.shape, slice), slice.shard())),
      weights_(weights_of(plan, slice, team)),
      decoder_(weights_, plan.kv, plan.kv_blocks, team, plan.kernels, best_isa(),
               DecoderLinks{.visitors = visitors}) {
  ensure(visitors != nullptr || slice.parallel.ep == 1, "experts elsewhere are asked for");
}

void SliceModel::forward(const TokenBatch& batch, std::span<float> logits) {
  const std::int64_t width = own_vocab_.end - own_vocab_.begin;
  if (width == vocab_) return decoder_.forward(batch, logits);
  const auto rows = static_cast<std::int64_t>(batch.logit_rows.size());
  own_.resize(static_cast<std::size_t>(rows * width));
  decoder_.forward(batch, own_);
  const auto begin = std::chrono::steady_clock::now();
  std::fill(logits.begin(), logits.end(), std::numeric_limits<float>::lowest());
  for (std::int64_t r = 0; r < rows; ++r) {
    std::copy_n(own_.begin() + r * width, width, logits.begin() + r * vocab_ + own_vocab_.begin);
  }
  placing_ += std::chrono::duration_cast<Duration>(std::chrono::steady_clock::now() - begin);
}

KernelTimes SliceModel::times() const {
  KernelTimes times = decoder_.times();
  times.collectives += placing_;
  return times;
}

}  // namespace inferbench
