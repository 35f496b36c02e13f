#pragma once

#include <cstdint>

#include "harness/execute/transformer/decoder.hpp"
#include "harness/execute/transformer/weight_shard.hpp"
#include "harness/plan/parallel_config.hpp"

namespace inferbench {

// What every rank must know of a model to build its part of it.
struct ModelPlan {
  DecoderShape shape;  // of the whole
  const GemmFormat* format = nullptr;
  KvType kv = KvType::bf16;
  std::int64_t kv_blocks = 0;
  KernelSet kernels = KernelSet::invariant;
  std::uint64_t seed = 0;                 // of random weights
  const WeightSource* trained = nullptr;  // instead of them; outlives the building
  ParallelConfig parallel{};              // tp, ep and pp, in this order innermost first

  int ranks_of_stage() const { return static_cast<int>(parallel.tp * parallel.ep); }
  // What rank `rank` of the world holds.
  DecoderShard shard(int rank) const {
    return {.rank = rank % parallel.tp,
            .ranks = parallel.tp,
            .stage = rank / ranks_of_stage(),
            .stages = parallel.pp,
            .expert_rank = rank / parallel.tp % parallel.ep,
            .expert_ranks = parallel.ep};
  }
};

// A model on some ranks, driven by one of them, as one StepModel.
class RankedModel : public StepModel {
 public:
  virtual std::size_t weight_bytes() const = 0;  // packed, of all ranks
  // Of the rank that drives: two for each of its layers and micro-batches, none without TP.
  virtual std::int64_t all_reduces() const = 0;
};

// What a step's bytes depend on.
struct StepTraffic {
  std::int64_t tokens = 0, logit_rows = 0;
  std::int64_t distant_rows = 0;  // of those, computed by other attention ranks than the first
  std::int64_t micro_batches = 1;
  std::int64_t visits = 0;  // of tokens to ranks with experts of theirs, over layers
};

// Bytes that a step moves between ranks, summed over them: two all-reduces of [tokens, hidden] per
// layer among tensor-parallel ranks, [tokens, hidden] from each of these to its fellow of the next
// stage, to the first rank the logits that others computed, and expert_exchange_bytes of each
// micro-batch and sparse layer, by each tensor-parallel rank. All in fp32.
Bytes step_wire_bytes(const DecoderShape& shape, const ParallelConfig& parallel,
                      const StepTraffic& step);

}  // namespace inferbench
