#pragma once

// Keys and values in shared memory, and the fragments that tensor cores take of them.

#include "kernels/cuda/simt/simt.cuh"

namespace inferbench::cuda_attention {

inline constexpr int kPageTokens = 16;

// Where the 16 bytes `chunk` of a row lie among rows of kRow bytes, a power of two. Chunks are
// exchanged within 128 bytes such that the same chunk of eight neighbouring rows, which is what a
// matrix load reads at a time, lies on eight different groups of banks. The chunk `chunk + n`, n a
// multiple of a power of two that is larger than `chunk`, lies at the place ^ 16 n.
template <int kRow>
SIMT_DEVICE int place(int row, int chunk) {
  static_assert(kRow >= 64 && (kRow & (kRow - 1)) == 0);
  const int exchange = kRow == 64 ? row >> 1 & 3 : row & 7;
  return row * kRow + ((chunk ^ exchange) << 4);
}

// The row and chunk that a lane names to load 16 tokens by 32 bytes: for keys the halves of the
// tokens come last, for values, which are transposed, first.
template <int kRow>
SIMT_DEVICE int key_place(int lane) {
  return place<kRow>((lane & 7) + (lane >> 4) * 8, lane >> 3 & 1);
}
template <int kRow>
SIMT_DEVICE int value_place(int lane) {
  return place<kRow>(lane & 15, lane >> 4);
}

// What follows gives, for 16 tokens by the 32 elements `part` of a head:
//   keys    [step of 16 elements][eight tokens]   operand b of q * k
//   values  [eight elements]                      operand b of p * v
// and, of a row of queries, operand a's words of that row for a step: columns 2t and 2t + 8.

struct Bf16Cache {
  static constexpr int kBytes = 2;
  // Powers of two: queries and probabilities are multiplied by it, results by the square.
  static constexpr float kQueryFactor = 1, kOutFactor = 1, kProbabilityExponent = 0;

  SIMT_DEVICE static void keys(uint32_t (&b)[2][2][2], const unsigned char* page, int at,
                               int part) {
    SIMT_UNROLL for (int step = 0; step < 2; ++step) {
      uint32_t r[4];
      simt::load_matrix4(r, page + (at ^ (2 * part + step) * 32));
      b[step][0][0] = r[0], b[step][0][1] = r[1];
      b[step][1][0] = r[2], b[step][1][1] = r[3];
    }
  }
  SIMT_DEVICE static void values(uint32_t (&b)[4][2], const unsigned char* page, int at, int part) {
    SIMT_UNROLL for (int half = 0; half < 2; ++half) {
      uint32_t r[4];
      simt::load_matrix4_transposed(r, page + (at ^ (2 * part + half) * 32));
      b[2 * half][0] = r[0], b[2 * half][1] = r[1];
      b[2 * half + 1][0] = r[2], b[2 * half + 1][1] = r[3];
    }
  }
  // `row`: bf16, from the step's first element on.
  SIMT_DEVICE static simt::Words2 queries(const uint32_t* row, int t) {
    return {{row[t], row[t + 4]}};
  }
  // Which element of a head column `i` of two in result tile `tile` is.
  SIMT_DEVICE static int element(int tile, int t, int i) { return 8 * tile + 2 * t + i; }
};

// Four e4m3 to two words of bf16, 2^-120 of their values: elements 0 and 2, then 1 and 3. Bits are
// only moved: e4m3's exponent becomes the low bits of bf16's. Denormals stay what they are, as
// tensor cores take denormals (Fasi et al., "Numerical behavior of NVIDIA tensor cores", 2021).
SIMT_DEVICE void spread_e4m3(uint32_t (&pairs)[2], uint32_t word) {
  pairs[0] = simt::and_or(word << 4, 0x07f007f0U, word << 8 & 0x80008000U);
  pairs[1] = simt::and_or(word >> 4, 0x07f007f0U, word & 0x80008000U);
}

// e4m3 without a scale. A word of four neighbours becomes two words of bf16 in the order that costs
// least, 0 2 and 1 3: queries are loaded in the same order, and results are stored in it.
struct E4m3Cache {
  static constexpr int kBytes = 1;
  // Scores are 2^-60 of what they are, and so are sums of 2^60 p by 2^-120 v: far from denormals.
  static constexpr float kQueryFactor = 0x1p60F, kOutFactor = 0x1p120F, kProbabilityExponent = 60;

  SIMT_DEVICE static void keys(uint32_t (&b)[2][2][2], const unsigned char* page, int at,
                               int part) {
    uint32_t r[4];
    simt::load_matrix4(r, page + (at ^ part * 32));
    SIMT_UNROLL for (int step = 0; step < 2; ++step) {
      spread_e4m3(b[step][0], r[step]);
      spread_e4m3(b[step][1], r[2 + step]);
    }
  }
  SIMT_DEVICE static void values(uint32_t (&b)[4][2], const unsigned char* page, int at, int part) {
    uint32_t r[4];
    simt::load_matrix4_transposed(r, page + (at ^ part * 32));
    SIMT_UNROLL for (int half = 0; half < 2; ++half) {
      uint32_t low[2], high[2];
      spread_e4m3(low, r[2 * half]);
      spread_e4m3(high, r[2 * half + 1]);
      SIMT_UNROLL for (int i = 0; i < 2; ++i) {
        b[2 * half + i][0] = low[i], b[2 * half + i][1] = high[i];
      }
    }
  }
  SIMT_DEVICE static simt::Words2 queries(const uint32_t* row, int t) {
    const uint32_t low = row[2 * t], high = row[2 * t + 1];
    return {{scaled(simt::permute_bytes(low, high, 0x5410U)),
             scaled(simt::permute_bytes(low, high, 0x7632U))}};
  }
  SIMT_DEVICE static int element(int tile, int t, int i) {
    return 16 * (tile / 2) + 4 * t + tile % 2 + 2 * i;
  }

 private:
  SIMT_DEVICE static uint32_t scaled(uint32_t pair) {
    return simt::pack_bf16(simt::bf16_low(pair) * kQueryFactor,
                           simt::bf16_high(pair) * kQueryFactor);
  }
};

}  // namespace inferbench::cuda_attention
