#include "harness/execute/ranks/rank_part.hpp"

#include "harness/execute/transformer/random_weights.hpp"
#include "harness/execute/transformer/weight_shard.hpp"
#include "kernels/collectives/communicator.hpp"
#include "kernels/shapes/collective.hpp"

namespace inferbench {

Bytes tensor_parallel_bytes(const DecoderShape& shape, std::int64_t ranks, std::int64_t tokens,
                            std::int64_t logit_rows) {
  const auto n = static_cast<double>(ranks);
  const Bytes hidden(4.0 * static_cast<double>(tokens * shape.hidden));
  const Bytes logits(4.0 * static_cast<double>(logit_rows * shape.vocab));
  const Range own = shard_vocab(shape, {.rank = 0, .ranks = ranks});
  const Bytes kept(4.0 * static_cast<double>(logit_rows * (own.end - own.begin)));
  return total_wire_bytes(Collective::all_reduce, CollectiveAlgorithm::two_shot, hidden, n) *
             (2.0 * static_cast<double>(shape.layers)) +
         (logits - kept);
}

namespace {

DecoderWeights weights_of(const ModelPlan& plan, const Communicator& ranks, ThreadTeam& team) {
  const DecoderShard shard{.rank = ranks.rank(), .ranks = ranks.size()};
  if (plan.trained != nullptr) {
    return DecoderWeights(WeightShard(*plan.trained, shard), *plan.format, team);
  }
  return DecoderWeights(WeightShard(RandomWeights(plan.shape, plan.seed), shard), *plan.format,
                        team);
}

}  // namespace

RankPart::RankPart(const ModelPlan& plan, Communicator& ranks, ThreadTeam& team)
    : weights_(weights_of(plan, ranks, team)),
      decoder_(weights_, plan.kv, plan.kv_blocks, team, plan.kernels, best_isa(), &ranks) {}

void RankPart::forward(const TokenBatch& batch, std::span<float> logits) {
  decoder_.forward(batch, logits);
}

}  // namespace inferbench
