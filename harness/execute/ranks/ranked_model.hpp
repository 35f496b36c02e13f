#pragma once

#include <cstdint>

#include "harness/execute/transformer/decoder.hpp"

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
};

// A model on some ranks, driven by one of them, as one StepModel.
class RankedModel : public StepModel {
 public:
  virtual std::size_t weight_bytes() const = 0;  // packed, of all ranks
  // Of the rank that drives: two for each layer computed, none where it is alone.
  virtual std::int64_t all_reduces() const = 0;
};

// Bytes that a step moves between `ranks` tensor-parallel ranks, summed over them: two all-reduces
// of [tokens, hidden] per layer, and the logits of the other ranks to the first.
Bytes tensor_parallel_bytes(const DecoderShape& shape, std::int64_t ranks, std::int64_t tokens,
                            std::int64_t logit_rows);

}  // namespace inferbench
