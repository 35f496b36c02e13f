#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "harness/execute/transformer/decoder_shape.hpp"
#include "kernels/attention/kv_cache.hpp"
#include "kernels/cpu/buffer.hpp"

namespace inferbench {

// As `--kv-format` names them. Throws Error with the nearest names.
KvType kv_store_type(const std::string& name);

// The keys and values, or the latents, of a decoder: in every layer the same number of blocks of 16
// tokens, so that one block table serves all layers.
class KvStore {
 public:
  KvStore(const DecoderShape& shape, KvType type, std::int64_t blocks);

  std::int64_t blocks() const { return blocks_; }
  KvType type() const { return type_; }
  const KvCache& layer(std::int64_t index) const {
    return layers_[static_cast<std::size_t>(index)].cache;
  }
  // Copy-on-write: block `to` of every layer becomes what `from` holds. Throws std::logic_error for
  // blocks that are not there.
  void copy_block(std::int64_t from, std::int64_t to);

  static double bytes_per_block(const DecoderShape& shape, KvType type);  // over all layers

 private:
  struct Layer {
    Buffer<std::byte> keys, values;
    Buffer<float> key_scale, value_scale;
    KvCache cache;
  };

  KvType type_;
  std::int64_t blocks_;
  std::vector<Layer> layers_;
};

}  // namespace inferbench
