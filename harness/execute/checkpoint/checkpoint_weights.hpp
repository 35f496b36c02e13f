#pragma once

#include <map>
#include <string>
#include <utility>
#include <vector>

#include "harness/execute/checkpoint/checkpoint.hpp"
#include "harness/execute/transformer/weight_source.hpp"

namespace inferbench {

// A decoder's weights in a Hugging Face checkpoint, by the names that transformers gives them:
// model.layers.N.self_attn.q_proj.weight and so on; experts as Mixtral (block_sparse_moe) or as
// Qwen-MoE and DeepSeek (mlp.experts) have them. F32, F16 and BF16. Heads are
// rotated by halves as these checkpoints are made for, so rows stand as they are; but for
// DeepSeek's, which rotate neighbours: their rows change places. Its layers for multi-token
// prediction are left out.
class CheckpointWeights final : public WeightSource {
 public:
  // Keeps a reference to the checkpoint. `family`: ModelSpec::family. Throws Error for a family
  // whose layers are others than these, and for a tensor that is missing, of another type or shape
  // than the model's, or not one of the model's.
  CheckpointWeights(const DecoderShape& shape, const std::string& family,
                    const Checkpoint& checkpoint);

  void row(DecoderMatrix matrix, std::int64_t layer, std::int64_t row,
           std::span<float> to) const override;
  std::vector<float> vector(DecoderVector vector, std::int64_t layer) const override;

 private:
  // Tensors that make up a matrix or vector, one after the other by rows.
  struct Part {
    std::int64_t first_row;
    const StoredTensor* tensor;
  };
  using Parts = std::vector<Part>;
  class Collector;

  std::map<std::pair<DecoderMatrix, std::int64_t>, Parts> matrices_;
  std::map<std::pair<DecoderVector, std::int64_t>, Parts> vectors_;
};

}  // namespace inferbench
