#include "harness/execute/transformer/kv_store.hpp"

#include <algorithm>
#include <cstring>

#include "harness/base/error.hpp"
#include "harness/execute/transformer/to_size.hpp"

namespace inferbench {
namespace {

// [blocks, elements of a block]: copies one block onto another.
void copy_part(std::byte* data, std::size_t block_bytes, std::int64_t from, std::int64_t to) {
  if (data == nullptr) return;
  std::memcpy(data + to_size(to) * block_bytes, data + to_size(from) * block_bytes, block_bytes);
}

}  // namespace

KvType kv_store_type(const std::string& name) {
  const std::vector<std::string> known = kv_formats();
  if (std::find(known.begin(), known.end(), name) == known.end()) {
    throw unknown_name("--kv-format", "KV format", name, known);
  }
  return kv_type(name);
}

KvStore::KvStore(const DecoderShape& shape, KvType type, std::int64_t blocks)
    : type_(type), blocks_(blocks), layers_(to_size(shape.layers)) {
  const std::size_t slots = to_size(blocks * shape.cached_heads() * kKvBlock);
  const bool values = shape.caches_values();
  for (Layer& layer : layers_) {
    layer.keys = Buffer<std::byte>(slots * to_size(shape.key_dim()) * kv_bytes(type));
    if (values) {
      layer.values = Buffer<std::byte>(slots * to_size(shape.value_dim()) * kv_bytes(type));
    }
    if (type == KvType::int8) {
      layer.key_scale = Buffer<float>(slots);
      if (values) layer.value_scale = Buffer<float>(slots);
    }
    layer.cache = {.type = type,
                   .blocks = blocks,
                   .kv_heads = shape.cached_heads(),
                   .key_dim = shape.key_dim(),
                   .value_dim = shape.value_dim(),
                   .keys = layer.keys.data(),
                   .values = layer.values.data(),
                   .key_scale = layer.key_scale.data(),
                   .value_scale = layer.value_scale.data()};
  }
}

void KvStore::copy_block(std::int64_t from, std::int64_t to) {
  ensure(from >= 0 && from < blocks_ && to >= 0 && to < blocks_, "a KV block is one of the pool");
  for (Layer& layer : layers_) {
    const KvCache& cache = layer.cache;
    const std::size_t slots = to_size(cache.kv_heads * kKvBlock);
    const std::size_t bytes = slots * to_size(cache.key_dim) * kv_bytes(type_);
    copy_part(cache.keys, bytes, from, to);
    copy_part(cache.values, bytes, from, to);
    copy_part(reinterpret_cast<std::byte*>(cache.key_scale), slots * sizeof(float), from, to);
    copy_part(reinterpret_cast<std::byte*>(cache.value_scale), slots * sizeof(float), from, to);
  }
}

double KvStore::bytes_per_block(const DecoderShape& shape, KvType type) {
  const auto slots = static_cast<double>(shape.layers * shape.cached_heads() * kKvBlock);
  const auto key = static_cast<double>(shape.key_dim()),
             value = shape.caches_values() ? static_cast<double>(shape.value_dim()) : 0.0;
  const double scales = type == KvType::int8 ? (shape.caches_values() ? 8.0 : 4.0) : 0.0;
  return slots * ((key + value) * static_cast<double>(kv_bytes(type)) + scales);
}

}  // namespace inferbench
