#pragma once

#include <cstdint>

#include "kernels/gemm/tiles.hpp"

namespace inferbench {

// Prepares one row of activations as tiles read it.
struct RowKernels {
  void (*widen_bf16)(const std::uint16_t* from, std::int64_t k, float* to);
  void (*widen_fp16)(const std::uint16_t* from, std::int64_t k, float* to);

  // Rounded to nearest even; fp16 saturates at 65,504.
  void (*narrow_bf16)(const float* from, std::int64_t k, std::uint16_t* to);
  void (*narrow_fp16)(const float* from, std::int64_t k, std::uint16_t* to);

  // To integers of magnitude `largest` exactly as quantise_row_int8 does it, stored as `type`: s8,
  // u8 (largest + 1 added) or s16. Returns the scale.
  float (*quantise)(const float* from, std::int64_t k, TileSet::Activations type, int largest,
                    std::byte* to);
};

// The same results on every level; AVX2 where there is AVX2.
const RowKernels& row_kernels(Isa level);

// Of each 8 values 0, 2, 4, 6, 1, 3, 5, 7; the last 8 are filled up with zeros.
void pair_up(const std::uint16_t* from, std::int64_t k, std::uint16_t* to);

// Sums of each `group` of int8 values, of ceil(k / group) groups.
void group_sums(const std::int8_t* values, std::int64_t k, int group, float* sums);

}  // namespace inferbench
