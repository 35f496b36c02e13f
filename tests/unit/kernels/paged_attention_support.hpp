#pragma once

#include <cstdint>
#include <vector>

#include "harness/base/random.hpp"
#include "kernels/attention/attention.hpp"
#include "kernels/cpu/features.hpp"

namespace inferbench::paged {

inline std::size_t size(std::int64_t n) {
  return static_cast<std::size_t>(n);
}

// A paged cache as an executor owns it, with room for `blocks`.
struct Cache {
  Cache(KvType type, const AttentionShape& shape, std::int64_t blocks, bool own_values = true)
      : keys(size(blocks * shape.kv_heads * kKvBlock * shape.key_dim) * kv_bytes(type)),
        values(own_values
                   ? size(blocks * shape.kv_heads * kKvBlock * shape.value_dim) * kv_bytes(type)
                   : 0),
        key_scale(size(blocks * shape.kv_heads * kKvBlock)),
        value_scale(key_scale.size()) {
    view = {.type = type,
            .blocks = blocks,
            .kv_heads = shape.kv_heads,
            .key_dim = shape.key_dim,
            .value_dim = shape.value_dim,
            .keys = keys.data(),
            .values = own_values ? values.data() : nullptr,
            .key_scale = type == KvType::int8 ? key_scale.data() : nullptr,
            .value_scale = type == KvType::int8 ? value_scale.data() : nullptr};
  }
  std::vector<std::byte> keys, values;
  std::vector<float> key_scale, value_scale;
  KvCache view;
};

// One sequence's vectors: what is cached first, then the new tokens, whose queries there are.
struct Sequence {
  std::int64_t context = 0, tokens = 0;
  std::vector<float> q, keys, values;
};

inline std::vector<float> draw(RandomStream& random, std::int64_t n) {
  std::vector<float> x(size(n));
  for (float& v : x) v = static_cast<float>(random.between(-1000, 1000)) / 400.0F;
  return x;
}

inline Sequence draw_sequence(RandomStream& random, const AttentionShape& shape,
                              std::int64_t context, std::int64_t tokens) {
  Sequence s{.context = context, .tokens = tokens, .q = {}, .keys = {}, .values = {}};
  s.q = draw(random, tokens * shape.q_heads * shape.key_dim);
  s.keys = draw(random, (context + tokens) * shape.kv_heads * shape.key_dim);
  s.values = draw(random, (context + tokens) * shape.kv_heads * shape.value_dim);
  return s;
}

inline std::vector<Isa> isas() {
  std::vector<Isa> found;
  for (const Isa isa : {Isa::portable, Isa::avx2, Isa::avx512}) {
    if (supports(isa).ok) found.push_back(isa);
  }
  return found;
}

inline constexpr KvType kTypes[] = {KvType::fp32, KvType::bf16, KvType::fp16,
                                    KvType::int8, KvType::e4m3, KvType::e5m2};

}  // namespace inferbench::paged
