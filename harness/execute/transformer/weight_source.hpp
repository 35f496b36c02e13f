#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "harness/execute/transformer/decoder_shape.hpp"
#include "kernels/gemm/weights.hpp"

namespace inferbench {

// The matrices of a decoder. Fused ones hold their parts one after the other by rows: queries, keys
// and values; gate and up; and those of experts hold the experts that are held here. The shared
// experts of a layer are one FFN.
enum class DecoderMatrix {
  embedding,
  head,
  qkv,
  attention_out,
  gate_up,  // of FFNs of two matrices up alone, as of experts
  down,
  router,
  expert_gate_up,
  expert_down,
  shared_gate_up,
  shared_down,
  query_up,   // latent attention: queries of a latent [heads * (nope + rope), q_rank]
  latent_up,  // and by head its keys, then its values [heads * (nope + value), kv_rank]
};

enum class DecoderVector {
  attention_norm,  // [hidden]
  ffn_norm,        // [hidden]
  final_norm,      // [hidden]; of layer 0
  qkv_bias,        // [qkv_width]
  query_norm,      // [head_dim], the same for each head; of the queries' latent [q_rank]
  key_norm,        // [head_dim]; of the latent [kv_rank]
  router_bias,     // [experts]: what a router of sigmoids adds to scores before it chooses
};

// Where the weights of a decoder come from, a row at a time: no copy of a matrix need exist but the
// packed one. Rows may be asked for in any order, several times and by several threads.
class WeightSource {
 public:
  explicit WeightSource(const DecoderShape& shape) : shape_(shape) {}
  virtual ~WeightSource() = default;
  WeightSource(const WeightSource&) = delete;
  WeightSource& operator=(const WeightSource&) = delete;

  const DecoderShape& shape() const { return shape_; }
  // Output channels (for the embedding: tokens), and elements of each; 0 where there is no such
  // matrix.
  virtual std::int64_t rows(DecoderMatrix matrix) const;
  std::int64_t columns(DecoderMatrix matrix) const;
  // 0 where the decoder has no such vector.
  std::int64_t size(DecoderVector vector) const;

  virtual void row(DecoderMatrix matrix, std::int64_t layer, std::int64_t row,
                   std::span<float> to) const = 0;
  // Empty where size() is 0. `layer` is 0 where there are none.
  virtual std::vector<float> vector(DecoderVector vector, std::int64_t layer) const = 0;

  // The same as linear layers take it; refers to this object.
  WeightRows of(DecoderMatrix matrix, std::int64_t layer) const;
  // Expert `expert` of expert_gate_up or expert_down, of those held: its share of the rows.
  WeightRows of_expert(DecoderMatrix matrix, std::int64_t layer, std::int64_t expert) const;
  std::int64_t rows_of_expert(DecoderMatrix matrix) const;

 private:
  DecoderShape shape_;
};

}  // namespace inferbench
