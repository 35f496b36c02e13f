#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "harness/base/units.hpp"
#include "harness/execute/transformer/random_weights.hpp"
#include "kernels/gemm/linear.hpp"
#include "kernels/moe/layer.hpp"

namespace inferbench {

// Formats that linear layers of a decoder can have, as `--weights` names them: those of GEMMs that
// need no calibration. Throws Error with the nearest names.
const GemmFormat& decoder_format(const std::string& name);
std::vector<std::string> decoder_formats();

// A decoder's weights, packed: each matrix is read or generated, quantised and packed by strips, so
// that besides the packed one no copy of it ever exists. The embedding table is bf16, and fp32
// under the format fp32; tied embeddings are kept once as the table and once packed as LM head.
class DecoderWeights {
 public:
  struct Layer {
    std::vector<float> attention_norm, ffn_norm;  // [hidden]
    std::vector<float> qkv_bias;                  // [qkv_width], or empty
    std::vector<float> query_norm, key_norm;      // [head_dim], or empty; of latents [rank]
    std::unique_ptr<PackedLinear> qkv, attention_out;
    // Latent attention: queries of their latent, or null; and each head's part of the
    // up-projection, [kv_rank, nope] for queries, transposed, and [value, kv_rank].
    std::unique_ptr<PackedLinear> query_up;
    std::vector<std::unique_ptr<PackedLinear>> absorb, expand;
    // The FFN of every token: a dense layer's, or a sparse layer's shared experts; null where a
    // sparse layer has none.
    std::unique_ptr<PackedLinear> gate_up, down;
    // Sparse layers. The router is fp32 in every format: what it chooses is not for rounding.
    std::unique_ptr<PackedLinear> router;
    std::vector<float> router_bias;  // [experts], or empty
    std::unique_ptr<MoeLayer> experts;
  };

  // Matrices are shared out over the threads of `team`. Throws Error for a format that cannot
  // compute a layer's size.
  DecoderWeights(const WeightSource& source, const GemmFormat& format, ThreadTeam& team,
                 Isa isa = best_isa());
  // Random ones.
  DecoderWeights(const DecoderShape& shape, const GemmFormat& format, std::uint64_t seed,
                 ThreadTeam& team, Isa isa = best_isa());

  const DecoderShape& shape() const { return shape_; }
  const GemmFormat& format() const { return *format_; }
  const Layer& layer(std::int64_t index) const { return layers_[static_cast<std::size_t>(index)]; }
  // The LM head, a shard's: of its vocabulary. null before the last stage.
  const PackedLinear* head() const { return head_.get(); }
  const std::vector<float>& final_norm() const { return final_norm_; }
  void embed(std::int32_t token, float* to) const;  // [hidden]

  std::size_t linear_bytes() const;  // packed matrices: what a step reads of them, LM head included
  std::size_t table_bytes() const { return table_.size(); }

 private:
  struct Packing;

  void fill_table(const WeightSource& source, ThreadTeam& team);

  DecoderShape shape_;
  const GemmFormat* format_;
  std::vector<Layer> layers_;
  std::unique_ptr<PackedLinear> head_;
  std::vector<float> final_norm_;
  Buffer<std::byte> table_;
};

}  // namespace inferbench
