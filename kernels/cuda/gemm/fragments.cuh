#pragma once

// Weights as skinny_packing.hpp stores them, into operands of mma_bf16.

#include "kernels/cuda/simt/simt.cuh"

namespace inferbench::simt {

// Two signed bytes that lie at bytes `first` and `first` + 1 of `word`, flipped to unsigned
// (^ 0x80), to two bf16, exactly: as the low bits of 2^23, less 2^23 + 128.
SIMT_DEVICE uint32_t bf16_of_bytes(uint32_t word, uint32_t first) {
  const float low = as_float(permute_bytes(word, 0x4B000000U, 0x7650U + first)) - 8388736.0F;
  const float high = as_float(permute_bytes(word, 0x4B000000U, 0x7651U + first)) - 8388736.0F;
  return permute_bytes(as_bits(low), as_bits(high), 0x7632U);
}

// 64 k of 16 output channels: operands of four mma.
struct WeightFragments {
  uint32_t a[4][4];
};

SIMT_DEVICE void widen_int8(const Words4 (&parts)[2], WeightFragments& to) {
  SIMT_UNROLL
  for (int i = 0; i < 4; ++i) {
    SIMT_UNROLL
    for (int r = 0; r < 4; ++r) {
      const uint32_t word = parts[i / 2].w[2 * (i % 2) + r / 2] ^ 0x80808080U;
      to.a[i][r] = bf16_of_bytes(word, 2 * (r % 2));
    }
  }
}

// A nibble q is the low bits of 128 + q in bf16; `offset` holds -(128 + zero point) twice, of rows
// g and g + 8.
SIMT_DEVICE void widen_int4(const Words4 (&parts)[1], const uint32_t (&offset)[2],
                            WeightFragments& to) {
  SIMT_UNROLL
  for (int i = 0; i < 4; ++i) {
    SIMT_UNROLL
    for (int r = 0; r < 4; ++r) {
      const uint32_t shifted = and_or(parts[0].w[i] >> (4 * r), 0x000f000fU, 0x43004300U);
      to.a[i][r] = fma_bf16x2(shifted, 0x3f803f80U, offset[r % 2]);
    }
  }
}

// -(128 + zero) twice.
SIMT_DEVICE uint32_t nibble_offset(uint32_t zero) {
  return 0xc300c300U | zero | zero << 16;
}

}  // namespace inferbench::simt
