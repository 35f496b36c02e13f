#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "kernels/cuda/gemm/skinny_call.hpp"
#include "kernels/quant/quantise.hpp"

namespace inferbench {

// Weights in the order in which lanes need them as the 16 x 16 operands of mma (PTX ISA,
// m16n8k16): for each 16 output channels, for each 64 k, for each part, for each lane 16 bytes.
// A part holds 32 k of int8 or 64 of int4. Output channels are padded to 128 with zeros, k has to
// be a multiple of 64.
struct SkinnyPacked {
  SkinnyWeights type = SkinnyWeights::int8;
  std::int64_t n = 0, padded_n = 0, k = 0, group = 0;
  std::vector<std::uint32_t> words;
  std::vector<float> channel_scale;        // [padded_n], of int8
  std::vector<std::uint16_t> group_scale;  // [groups, padded_n] fp16, of int4
  std::vector<std::uint8_t> group_zero;    // [groups, padded_n], of int4; 8 where symmetric
};

constexpr std::int64_t kSkinnyColumns = 128;  // that a block computes
constexpr std::int64_t kSkinnyDepth = 64;     // k of a step

SkinnyPacked pack_skinny(const QuantisedInt8& weights);
// Groups of 64 or 128. A group of scale 0 is stored as zeros of scale 1.
SkinnyPacked pack_skinny(const QuantisedInt4& weights);

}  // namespace inferbench
