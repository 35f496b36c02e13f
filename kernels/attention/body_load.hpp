#pragma once

// Elements of a cache as vectors, for the Vec of the file that includes this.

#include <cstddef>

#include "kernels/attention/kernels.hpp"

namespace inferbench {
namespace {

// As they are loaded fastest: int8 without its scale, and times 1 / kLoadFactor.
template <KvType kType>
INFERBENCH_TARGET INFERBENCH_INLINE Vec::F load_kv(const std::byte* p) {
  if constexpr (kType == KvType::fp32) {
    return Vec::load(reinterpret_cast<const float*>(p));
  } else if constexpr (kType == KvType::bf16) {
    return Vec::load_bf16(reinterpret_cast<const std::uint16_t*>(p));
  } else if constexpr (kType == KvType::fp16) {
    return Vec::load_fp16(reinterpret_cast<const std::uint16_t*>(p));
  } else if constexpr (kType == KvType::int8) {
    return Vec::load_int8(reinterpret_cast<const std::uint8_t*>(p));
  } else if constexpr (kType == KvType::e4m3) {
    return Vec::load_e4m3_raw(reinterpret_cast<const std::uint8_t*>(p));
  } else {
    return Vec::load_e5m2(reinterpret_cast<const std::uint8_t*>(p));
  }
}

template <KvType kType>
constexpr float kLoadFactor = kType == KvType::e4m3 ? 256.0F : 1.0F;

template <KvType kType>
constexpr std::size_t bytes_of() {
  if (kType == KvType::fp32) return 4;
  return kType == KvType::bf16 || kType == KvType::fp16 ? 2 : 1;
}

// The function template's instance for a type. A template's name cannot stand in parentheses:
// NOLINTBEGIN(bugprone-macro-parentheses)
#define INFERBENCH_PICK_KV(function, type) \
  switch (type) {                          \
    case KvType::fp32:                     \
      return function<KvType::fp32>;       \
    case KvType::bf16:                     \
      return function<KvType::bf16>;       \
    case KvType::fp16:                     \
      return function<KvType::fp16>;       \
    case KvType::int8:                     \
      return function<KvType::int8>;       \
    case KvType::e4m3:                     \
      return function<KvType::e4m3>;       \
    case KvType::e5m2:                     \
      return function<KvType::e5m2>;       \
  }                                        \
  return nullptr
// NOLINTEND(bugprone-macro-parentheses)

}  // namespace
}  // namespace inferbench
