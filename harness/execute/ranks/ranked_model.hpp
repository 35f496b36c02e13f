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
  ParallelConfig parallel{};              // tp and pp; ranks are numbered stage by stage

  // What rank `rank` of the world holds.
  DecoderShard shard(int rank) const {
    return {.rank = rank % parallel.tp,
            .ranks = parallel.tp,
            .stage = rank / parallel.tp,
            .stages = parallel.pp};
  }
};

// A model on some ranks, driven by one of them, as one StepModel.
class RankedModel : public StepModel {
 public:
  virtual std::size_t weight_bytes() const = 0;  // packed, of all ranks
  // Of the rank that drives: two for each of its layers and micro-batches, none without TP.
  virtual std::int64_t all_reduces() const = 0;
};

// Bytes that a step moves between ranks, summed over them: two all-reduces of [tokens, hidden] per
// layer among the ranks of a stage, [tokens, hidden] from each rank of a stage to its fellow of the
// next, and to the first rank the logits that others computed. All in fp32.
Bytes step_wire_bytes(const DecoderShape& shape, const ParallelConfig& parallel,
                      std::int64_t tokens, std::int64_t logit_rows);

}  // namespace inferbench
