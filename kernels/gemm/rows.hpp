#pragma once

#include <cstdint>

#include "kernels/gemm/tiles.hpp"

namespace inferbench {

// One row of activations as tiles read it. These need AVX2, F16C included.
void widen_bf16(const std::uint16_t* from, std::int64_t k, float* to);
void widen_fp16(const std::uint16_t* from, std::int64_t k, float* to);

// bf16 to int8 exactly as quantise_row_int8 does it, stored as `type`: s8, u8 (128 added) or s16.
// Returns the scale. `scratch` has room for k floats.
float quantise_bf16(const std::uint16_t* from, std::int64_t k, TileSet::Activations type,
                    std::byte* to, float* scratch);

// Sums of each `group` of int8 values, of ceil(k / group) groups.
void group_sums(const std::int8_t* values, std::int64_t k, int group, float* sums);

}  // namespace inferbench
