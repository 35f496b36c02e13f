#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "harness/execute/transformer/decoder_shape.hpp"
#include "harness/tables/table_ops.hpp"

namespace inferbench {

// An op that every step of a decoder runs.
struct DecoderOp {
  OpSite site;
  double times = 1;      // in a step
  bool of_rows = false;  // sees the rows that are sampled, else all tokens
  // Kernels of Decoder that it is made of, by their spans' names; empty: as another op of the site.
  std::vector<std::string_view> spans;
};

// Attention of the layers that see equally far.
struct DecoderAttention {
  OpSite prefill, decode;
  double layers = 0;
  std::int64_t window = 0;  // tokens that a token sees; 0: all
};

// What a decoder's steps are made of, and where in a table it stands.
struct DecoderOps {
  std::vector<DecoderOp> ops;
  std::vector<DecoderAttention> attention;
  OpSite host;
};

// `weights` names a format of linear layers, `kv` one of keys and values. Of several
// tensor-parallel ranks, what the first computes of the whole `shape`, and its collectives. Throws
// Error for latent attention.
DecoderOps decoder_ops(const DecoderShape& shape, const std::string& weights, const std::string& kv,
                       std::int64_t ranks = 1);

}  // namespace inferbench
