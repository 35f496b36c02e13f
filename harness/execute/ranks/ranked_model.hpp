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
  std::int64_t step_tokens = 0;           // of steps that ranks make room for beforehand
  ParallelConfig parallel{};              // tp, cp, ep and pp, in this order innermost first

  int ranks_of_stage() const { return static_cast<int>(parallel.tp * parallel.cp * parallel.ep); }
  std::int64_t block_tokens() const { return kKvBlock * parallel.cp; }  // of a KV block
  // What rank `rank` of the world holds.
  DecoderShard shard(int rank) const {
    return {.rank = rank % parallel.tp,
            .ranks = parallel.tp,
            .stage = rank / ranks_of_stage(),
            .stages = parallel.pp,
            .expert_rank = rank / parallel.tp / parallel.cp % parallel.ep,
            .expert_ranks = parallel.ep,
            .context_rank = rank / parallel.tp % parallel.cp,
            .context_ranks = parallel.cp};
  }
};

// A model on some ranks, driven by one of them, as one StepModel.
class RankedModel : public StepModel {
 public:
  virtual std::size_t weight_bytes() const = 0;  // packed, of all ranks
  // Of the rank that drives: two for each of its layers and micro-batches, none without TP, nor for
  // micro-batches without a token of its own (CP).
  virtual std::int64_t all_reduces() const = 0;
};

// What a step's bytes depend on.
struct StepTraffic {
  std::int64_t tokens = 0, logit_rows = 0;
  // Of those, computed by other ranks than the first and its tensor-parallel ones: of sequences of
  // other attention ranks, or of tokens that other context-parallel ranks have.
  std::int64_t distant_rows = 0;
  std::int64_t micro_batches = 1;
  std::int64_t visits = 0;  // of tokens to ranks with experts of theirs, over layers
  // Over layers, of context-parallel ranks: KV pages of 16 tokens that go around, queries that go
  // to all; and how keys and values are cached.
  std::int64_t passed_pages = 0, asked_queries = 0;
  KvType kv = KvType::bf16;
};

// Bytes that a step moves between ranks, summed over them: two all-reduces of [tokens, hidden] per
// layer among tensor-parallel ranks, [tokens, hidden] from each of these to its fellow of the next
// stage, to the first rank the logits that others computed, expert_exchange_bytes of each
// micro-batch and sparse layer, by each tensor-parallel rank, and context_exchange_bytes by each of
// these. All in fp32 but KV pages, which go as they are cached.
Bytes step_wire_bytes(const DecoderShape& shape, const ParallelConfig& parallel,
                      const StepTraffic& step);

}  // namespace inferbench
