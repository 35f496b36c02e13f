#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "harness/execute/transformer/weight_source.hpp"
#include "kernels/attention/kv_cache.hpp"
#include "kernels/cpu/team.hpp"
#include "kernels/gemm/format.hpp"

namespace inferbench {

// The part of a decoder that one rank holds: of `ranks` tensor-parallel ones, in one of
// `expert_ranks` groups of these that share out the experts in order, in one of `stages` pipeline
// stages, which share out the layers in order.
//
//   qkv, gate_up         by output: a share of the heads, of the FFN's columns
//   attention_out, down  by input, the same share; what ranks compute of them is added up
//   experts              the same of each that the group holds: a share of its inner width
//   shared experts       the same, in every group
//   latent attention     by heads from the up-projections on; latents and their cache whole
//   LM head              by vocabulary, in the last stage
//   embedding            whole on every rank of the first stage
//   norms, routers       whole on every rank
//
// Context-parallel ranks hold the same weights, and of each sequence the keys and values of some
// tokens (KvShare). Where ranks are more than KV heads, each of these is kept by several of them,
// as engines do.
//
// Source: Shoeybi et al., "Megatron-LM", arXiv 1909.08053, section 3.
struct DecoderShard {
  std::int64_t rank = 0, ranks = 1;
  std::int64_t stage = 0, stages = 1;
  std::int64_t expert_rank = 0, expert_ranks = 1;
  std::int64_t context_rank = 0, context_ranks = 1;

  KvShare kv_share() const { return {context_rank, context_ranks}; }
  bool first() const { return stage == 0; }
  bool last() const { return stage + 1 == stages; }
};

// Throws Error, naming `place`, where heads, KV heads or FFN cannot be shared out evenly to
// `ranks`, a group of `format` with one scale would be cut in two, or there are more stages than
// layers.
void check_shards(const std::string& place, const DecoderShape& shape, const GemmFormat& format,
                  std::int64_t ranks, std::int64_t stages = 1);
// The same for a decoder without experts, or with fewer than ranks that share them.
void check_expert_ranks(const std::string& place, const DecoderShape& shape,
                        std::int64_t expert_ranks);

// What a rank computes: its layers, and of each its heads, KV heads, FFN columns and experts.
// Vocabulary, hidden size and routers are the whole decoder's.
DecoderShape shard_shape(const DecoderShape& whole, const DecoderShard& shard);

// Rows of the LM head, tokens of the vocabulary, that a rank computes; none before the last stage.
Range shard_vocab(const DecoderShape& whole, const DecoderShard& shard);

// A part of a matrix: some of its rows, and of these some columns.
struct MatrixPart {
  std::vector<Range> rows;  // one after the other
  Range columns;

  std::int64_t row_count() const;
  std::int64_t column_count() const { return columns.end - columns.begin; }
};
// Of an expert's matrices: of each expert's.
MatrixPart matrix_part(const DecoderShape& whole, DecoderMatrix matrix, const DecoderShard& shard);

// A shard of a decoder's weights, as the source of a decoder with shard_shape(). Its LM head has
// the rows of shard_vocab(), its embedding none behind the first stage.
class WeightShard final : public WeightSource {
 public:
  // Keeps a reference.
  WeightShard(const WeightSource& whole, const DecoderShard& shard);
  const DecoderShard& shard() const { return shard_; }

  std::int64_t rows(DecoderMatrix matrix) const override;
  void row(DecoderMatrix matrix, std::int64_t layer, std::int64_t row,
           std::span<float> to) const override;
  std::vector<float> vector(DecoderVector vector, std::int64_t layer) const override;

 private:
  const WeightSource& whole_;
  DecoderShard shard_;
};

}  // namespace inferbench
