#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "harness/catalog/model_spec.hpp"
#include "harness/execute/transformer/decoder_shape.hpp"
#include "harness/execute/transformer/weight_shard.hpp"
#include "harness/plan/parallel_config.hpp"

namespace inferbench {

// Where a rank stands in each dimension of a deployment.
struct RankPosition {
  std::int64_t tp = 0, cp = 0, ep = 0, pp = 0, dp = 0;
};

// Ranks are numbered as GPUs are placed: TP fastest, then CP, EP, PP, DP.
RankPosition position_of(std::int64_t rank, const ParallelConfig& parallel);
std::int64_t rank_at(const RankPosition& position, const ParallelConfig& parallel);

// Which rank of a deployment is executed, and how much of it.
struct SliceChoice {
  std::optional<std::int64_t> rank{};  // absent: the busiest
  std::int64_t layers = 0;             // of each kind; 0: all of the rank's stage
};

// One rank of a deployment, as it is executed alone: its share of heads, columns, vocabulary and
// experts in the layers listed. These are the layers of its pipeline stage, or a sample of them;
// and one layer of each kind (dense or of experts, windowed or not) that other stages have and its
// own has not, so that every stage's time can be composed. Embedding and LM head are there for the
// same reason.
struct Slice {
  ParallelConfig parallel;
  std::int64_t rank = 0;
  RankPosition position;
  std::string why;                   // this rank: "asked for", "..., the busiest"
  std::vector<std::int64_t> layers;  // executed, ascending
  std::int64_t own_layers = 0;       // of its stage, executed or not

  // Of the decoder that is executed: a stage of its own.
  DecoderShard shard() const {
    return {.rank = position.tp,
            .ranks = parallel.tp,
            .stage = 0,
            .stages = 1,
            .expert_rank = position.ep,
            .expert_ranks = parallel.ep};
  }
};

// Throws Error for a rank that is not there, or fewer than no layers.
//
// The busiest rank is one of the stage that reads the most weights in a step; ranks of a stage are
// alike.
Slice make_slice(const ModelSpec& model, const DecoderShape& whole, const GemmFormat& weights,
                 const ParallelConfig& parallel, const SliceChoice& choice);

// The decoder that is executed for a slice: `whole` where it has all its layers.
DecoderShape slice_shape(const DecoderShape& whole, const Slice& slice);

}  // namespace inferbench
