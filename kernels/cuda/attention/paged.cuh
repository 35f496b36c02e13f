#pragma once

// What the attention kernels share: their operands, the way of a warp through a request's pages,
// and a softmax that is taken tile by tile.

#include "kernels/cuda/attention/cache.cuh"

namespace inferbench::cuda_attention {

inline constexpr float kMinusInfinity = -__builtin_inff();

// Attention of new tokens over a paged cache (kernels/attention/problem.hpp).
//
//   q            [requests, tokens, q_heads, head_dim]      bf16
//   keys         [blocks, kv_heads, 16, head_dim]           bf16 or e4m3; values the same
//   block_table  [requests, max_blocks]
//   context      [requests]                                 tokens cached before the new ones
//   out          [requests, tokens, q_heads, head_dim]      fp32
struct PagedOperands {
  int tokens, q_heads, kv_heads, max_blocks;
  float scale_log2;  // of the scores, times log2(e): powers of two are what the hardware has
  const void *q, *keys, *values;
  const int32_t *block_table, *context;
  float* out;
};

// Cache blocks of consecutive pages of a request, read 32 at a time and 32 ahead, so that a warp
// does not wait for a block's number before it can ask for its bytes.
class PageNumbers {
 public:
  // Pages [first, last) of a row of the block table.
  SIMT_DEVICE PageNumbers(const int32_t* row, int first, int last)
      : row_(row + first + threadIdx.x % 32),
        last_(last - first - static_cast<int>(threadIdx.x % 32)),
        now_(read(0)),
        next_(read(32)) {}

  // Makes pages [base, base + n) ready, counted from the first, n a divisor of 32; for 0, n, 2n,
  // ...
  SIMT_DEVICE void reach(int base) {
    if (base == 0 || base % 32 != 0) return;
    now_ = next_;
    next_ = read(base + 32);
  }
  // Of the page `index`, which is ready. Called by the whole warp.
  SIMT_DEVICE int at(int index) const { return simt::shuffle(now_, index % 32); }

 private:
  SIMT_DEVICE int read(int base) const { return base < last_ ? row_[base] : 0; }
  const int32_t* row_;
  int last_, now_, next_;
};

// One page of 16 rows of kRow bytes into shared memory, by a warp; rows from `valid_rows` on become
// zeros, because what was never written may be NaN, and 0 * NaN is NaN.
template <int kRow>
SIMT_DEVICE void copy_page(unsigned char* to, const unsigned char* from, int valid_rows) {
  constexpr int kChunks = kRow / 16, kStep = 32 / kChunks;  // rows per turn
  static_assert(kChunks <= 32);
  const int lane = static_cast<int>(threadIdx.x % 32);
  const int row = lane / kChunks, at = place<kRow>(row, lane % kChunks);
  SIMT_UNROLL for (int i = 0; i < 16 / kStep; ++i) {
    const int down = i * kStep;
    // kStep is a power of two beyond `row`: the exchange of row + down is that of both.
    const int moved = (at ^ (place<kRow>(down, 0) & (kRow - 1))) + down * kRow;
    simt::copy_async16(to + moved, from + i * 512 + lane * 16, row + down < valid_rows);
  }
}

// Element i of tile j, of sums of mma in tiles, or of wgmma in one.
template <int kTiles>
SIMT_DEVICE float& sum_at(float (&s)[kTiles][4], int j, int i) {
  return s[j][i];
}
template <int kSums>
SIMT_DEVICE float& sum_at(float (&s)[kSums], int j, int i) {
  return s[4 * j + i];
}

// exp2((score - largest) * factor + exponent) of two rows, g and g + 8, of a warp's tile of scores
// [16, 8 kTiles], as mma leaves them, with the largest score and the sum so far.
struct Softmax {
  float largest[2] = {kMinusInfinity, kMinusInfinity};
  float sum[2] = {0, 0};  // of this lane's columns

  // Turns scores into probabilities. Returns whether a row has a new largest score, for any lane;
  // then results so far are to be multiplied by `correction`.
  // `kTiles` of eight tokens: scores of mma, or of wgmma.
  template <int kTiles, class Scores>
  SIMT_DEVICE bool take(Scores& s, float factor, float exponent, float (&correction)[2]) {
    bool grew = false;
    SIMT_UNROLL for (int h = 0; h < 2; ++h) {
      float most = largest[h];
      SIMT_UNROLL for (int j = 0; j < kTiles; ++j) {
        most = fmaxf(most, fmaxf(sum_at(s, j, 2 * h), sum_at(s, j, 2 * h + 1)));
      }
      most = fmaxf(most, simt::shuffle_xor(most, 1));
      most = fmaxf(most, simt::shuffle_xor(most, 2));
      // A row that has seen no token yet: any finite number serves.
      const float base = most == kMinusInfinity ? 0.0F : most * factor;
      correction[h] = simt::exp2_fast(largest[h] * factor - base);
      grew = grew || most != largest[h];
      largest[h] = most;
      float added = 0;
      SIMT_UNROLL for (int j = 0; j < kTiles; ++j) {
        SIMT_UNROLL for (int i = 2 * h; i < 2 * h + 2; ++i) {
          float& p = sum_at(s, j, i);
          p = simt::exp2_fast(p * factor - (base - exponent));
          added += p;
        }
      }
      sum[h] = sum[h] * correction[h] + added;
    }
    return simt::ballot(grew) != 0;
  }

  // The sums over all columns.
  SIMT_DEVICE void finish() {
    SIMT_UNROLL for (int h = 0; h < 2; ++h) {
      sum[h] += simt::shuffle_xor(sum[h], 1);
      sum[h] += simt::shuffle_xor(sum[h], 2);
    }
  }
};

template <int kTiles, class Sums>
SIMT_DEVICE void correct(Sums& out, const float (&correction)[2]) {
  SIMT_UNROLL for (int j = 0; j < kTiles; ++j) {
    SIMT_UNROLL for (int i = 0; i < 4; ++i) sum_at(out, j, i) *= correction[i / 2];
  }
}

// Operand a of 16 rows by the 16 tokens of tiles 2 step and the next.
template <class Scores>
SIMT_DEVICE void probabilities(uint32_t (&a)[4], Scores& s, int step) {
  SIMT_UNROLL for (int i = 0; i < 4; ++i) {
    const int j = 2 * step + i / 2, first = i % 2 * 2;
    a[i] = simt::pack_bf16(sum_at(s, j, first), sum_at(s, j, first + 1));
  }
}

// Scores of tokens from `key` on, of those that rows g and g + 8 do not see: `seen` is how many.
template <int kTiles, class Scores>
SIMT_DEVICE void mask(Scores& s, int key, const int (&seen)[2]) {
  const int first = key + 2 * static_cast<int>(threadIdx.x % 4);
  SIMT_UNROLL for (int j = 0; j < kTiles; ++j) {
    SIMT_UNROLL for (int i = 0; i < 4; ++i) {
      if (first + 8 * j + i % 2 >= seen[i / 2]) sum_at(s, j, i) = kMinusInfinity;
    }
  }
}

}  // namespace inferbench::cuda_attention
