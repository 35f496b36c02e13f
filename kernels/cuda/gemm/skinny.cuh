#pragma once

// GEMM of few tokens: out[m, n] = in[m, k] * weights[n, k], limited by reading the weights.
//
// Weights are the 16-row operand of mma, tokens its 8 columns, so 8 tokens cost no more than one.
// Quantised weights lie in memory as lanes need them (skinny_packing.hpp): every lane copies its
// own 16 bytes into shared memory some steps ahead and takes them back from there, which keeps more
// bytes under way than registers could; bf16 weights are row major and spread by matrix loads.
// Activations are shared by the block's four warps, each of which computes 32 output channels. k is
// split over blocks; the last to finish a tile adds up what the others wrote, in order, so that
// results do not depend on who is last.

#include "kernels/cuda/gemm/fragments.cuh"
#include "kernels/cuda/gemm/skinny_call.hpp"

namespace inferbench::simt {

template <SkinnyWeights kType>
struct SkinnyType;
template <>
struct SkinnyType<SkinnyWeights::bf16> {
  static constexpr int kParts = 4;
};
template <>
struct SkinnyType<SkinnyWeights::int8> {
  static constexpr int kParts = 2;
};
template <>
struct SkinnyType<SkinnyWeights::int4> {
  static constexpr int kParts = 1;
};

template <SkinnyWeights kType, int kTiles>
struct SkinnyShared {
  static constexpr int kParts = SkinnyType<kType>::kParts;
  Words4 weights[kSkinnyStages][kSkinnyWarps][kSkinnyRows][kParts][32];  // bf16: [16 rows][8]
  Words4 in[kSkinnyStages][kTiles * 8][8];  // 64 k of a token; eighths swizzled
  unsigned last;
};

// What a thread of the kernel knows all the time. kTiles: of 8 tokens.
template <SkinnyWeights kType, int kTiles>
struct SkinnyThread {
  using Shared = SkinnyShared<kType, kTiles>;
  static constexpr int kParts = Shared::kParts;
  static constexpr bool kGroups = kType == SkinnyWeights::int4;

  const SkinnyCall& call;
  Shared& shared;
  int warp, lane;
  int64_t first_row;    // of the warp's output channels
  int64_t first_token;  // of the block's
  float sum[kSkinnyRows][kTiles][4] = {};
  float scale[kSkinnyRows][2] = {};      // of rows g and g + 8, of the group
  uint32_t offset[kSkinnyRows][2] = {};  // as nibble_offset

  SIMT_DEVICE SkinnyThread(const SkinnyCall& c, Shared& s)
      : call(c),
        shared(s),
        warp(static_cast<int>(threadIdx.x) / 32),
        lane(static_cast<int>(threadIdx.x) % 32),
        first_row((static_cast<int64_t>(blockIdx.x) * kSkinnyWarps + warp) * kSkinnyRows * 16),
        first_token(static_cast<int64_t>(blockIdx.y) * kTiles * 8) {}

  SIMT_DEVICE void fetch_pieces(int stage, int r, int64_t step) {
    const int64_t piece = (first_row / 16 + r) * (call.k / 64) + step;
    SIMT_UNROLL
    for (int p = 0; p < kParts; ++p) {
      copy_async16(&shared.weights[stage][warp][r][p][lane],
                   static_cast<const Words4*>(call.weights) + (piece * kParts + p) * 32 + lane);
    }
  }

  // Eighths of a row's 128 bytes are swizzled.
  SIMT_DEVICE void fetch_rows(int stage, int r, int64_t step) {
    Words4* const tile = shared.weights[stage][warp][r][0];
    SIMT_UNROLL
    for (int p = 0; p < kParts; ++p) {
      const int row = p * 4 + lane / 8, eighth = lane % 8;
      const int64_t at = first_row + r * 16 + row;
      const bool valid = at < call.n;
      copy_async16(tile + row * 8 + (eighth ^ (row % 8)),
                   static_cast<const uint16_t*>(call.weights) +
                       (valid ? at * call.k + step * 64 + eighth * 8 : 0),
                   valid);
    }
  }

  // Begins to copy what step `step` of 64 k needs.
  SIMT_DEVICE void fetch(int64_t step) {
    const int stage = static_cast<int>(step % kSkinnyStages);
    SIMT_UNROLL
    for (int r = 0; r < kSkinnyRows; ++r) {
      if constexpr (kType == SkinnyWeights::bf16) {
        fetch_rows(stage, r, step);
      } else {
        fetch_pieces(stage, r, step);
      }
    }
    SIMT_UNROLL
    for (int i = 0; i < (kTiles + 1) / 2; ++i) {
      const int index = static_cast<int>(threadIdx.x) + i * 128;
      if (index >= kTiles * 64) break;
      const int token = index / 8, eighth = index % 8;
      const bool valid = first_token + token < call.m;
      const int64_t from = valid ? (first_token + token) * call.k + step * 64 + eighth * 8 : 0;
      copy_async16(&shared.in[stage][token][eighth ^ (token % 8)], call.in + from, valid);
    }
  }

  // Sums are kept in units of the current group's scale.
  SIMT_DEVICE void enter_group(int64_t group, bool first) {
    const auto* scales = static_cast<const uint16_t*>(call.scale) + group * call.padded_n;
    const auto* zeros = call.zero + group * call.padded_n;
    SIMT_UNROLL
    for (int r = 0; r < kSkinnyRows; ++r) {
      SIMT_UNROLL
      for (int half = 0; half < 2; ++half) {
        const int64_t row = first_row + r * 16 + lane / 4 + half * 8;
        const float now = fp16_value(scales[row]);
        const float ratio = first ? 1.0F : divide(scale[r][half], now);
        scale[r][half] = now;
        offset[r][half] = nibble_offset(zeros[row]);
        SIMT_UNROLL
        for (int t = 0; t < kTiles; ++t) {
          sum[r][t][2 * half] *= ratio;
          sum[r][t][2 * half + 1] *= ratio;
        }
      }
    }
  }

  SIMT_DEVICE void widen(int stage, int r, WeightFragments& to) {
    if constexpr (kType == SkinnyWeights::bf16) {
      const Words4* const tile = shared.weights[stage][warp][r][0];
      const int row = lane % 16;
      SIMT_UNROLL
      for (int i = 0; i < 4; ++i) {
        load_matrix4(to.a[i], tile + row * 8 + ((2 * i + lane / 16) ^ (row % 8)));
      }
    } else {
      Words4 parts[kParts];
      SIMT_UNROLL
      for (int p = 0; p < kParts; ++p) parts[p] = shared.weights[stage][warp][r][p][lane];
      if constexpr (kType == SkinnyWeights::int8) widen_int8(parts, to);
      if constexpr (kType == SkinnyWeights::int4) widen_int4(parts, offset[r], to);
    }
  }

  SIMT_DEVICE void multiply(int64_t step) {
    const int stage = static_cast<int>(step % kSkinnyStages);
    WeightFragments weights[kSkinnyRows];
    SIMT_UNROLL
    for (int r = 0; r < kSkinnyRows; ++r) widen(stage, r, weights[r]);
    SIMT_UNROLL
    for (int t = 0; t < kTiles; ++t) {
      SIMT_UNROLL
      for (int half = 0; half < 2; ++half) {  // 32 k
        uint32_t b[4];
        const int token = t * 8 + lane % 8, eighth = half * 4 + lane / 8;
        load_matrix4(b, &shared.in[stage][token][eighth ^ (token % 8)]);
        const uint32_t first[2] = {b[0], b[1]}, second[2] = {b[2], b[3]};
        SIMT_UNROLL
        for (int r = 0; r < kSkinnyRows; ++r) {
          mma_bf16(sum[r][t], weights[r].a[2 * half], first);
          mma_bf16(sum[r][t], weights[r].a[2 * half + 1], second);
        }
      }
    }
  }

  SIMT_DEVICE void apply_scales() {
    if constexpr (kType != SkinnyWeights::bf16) {
      SIMT_UNROLL
      for (int r = 0; r < kSkinnyRows; ++r) {
        SIMT_UNROLL
        for (int half = 0; half < 2; ++half) {
          const float factor = kGroups ? scale[r][half] : channel_scale(r, half);
          SIMT_UNROLL
          for (int t = 0; t < kTiles; ++t) {
            sum[r][t][2 * half] *= factor;
            sum[r][t][2 * half + 1] *= factor;
          }
        }
      }
    }
  }
  SIMT_DEVICE float channel_scale(int r, int half) {
    return static_cast<const float*>(call.scale)[first_row + r * 16 + lane / 4 + half * 8];
  }

  SIMT_DEVICE void store() {
    SIMT_UNROLL
    for (int r = 0; r < kSkinnyRows; ++r) {
      SIMT_UNROLL
      for (int t = 0; t < kTiles; ++t) {
        SIMT_UNROLL
        for (int i = 0; i < 4; ++i) {
          const int64_t row = first_row + r * 16 + lane / 4 + i / 2 * 8;
          const int64_t token = first_token + t * 8 + 2 * (lane % 4) + i % 2;
          if (row < call.n && token < call.m) call.out[token * call.n + row] = sum[r][t][i];
        }
      }
    }
  }

  // Where split `z` of this block's tile keeps what thread and registers hold.
  SIMT_DEVICE Words4* partial(unsigned z, int r, int t) {
    const int64_t tile =
        (static_cast<int64_t>(z) * gridDim.y + blockIdx.y) * gridDim.x + blockIdx.x;
    return static_cast<Words4*>(call.partial) + ((tile * kSkinnyRows + r) * kTiles + t) * 128 +
           threadIdx.x;
  }

  // Whether this block is the last of its tile's, and then holds the tile's sums.
  SIMT_DEVICE bool reduce() {
    SIMT_UNROLL
    for (int r = 0; r < kSkinnyRows; ++r) {
      SIMT_UNROLL
      for (int t = 0; t < kTiles; ++t) {
        Words4 words;
        SIMT_UNROLL
        for (int i = 0; i < 4; ++i) words.w[i] = as_bits(sum[r][t][i]);
        store16(partial(blockIdx.z, r, t), words);
      }
    }
    unsigned* const arrived = call.arrived + blockIdx.y * gridDim.x + blockIdx.x;
    barrier();
    if (threadIdx.x == 0) {
      shared.last = atomic_add_ordered(arrived, 1U) == gridDim.z - 1 ? 1 : 0;
      if (shared.last != 0) *arrived = 0;  // for the next launch
    }
    barrier();
    if (shared.last == 0) return false;
    SIMT_UNROLL
    for (int r = 0; r < kSkinnyRows; ++r) {
      SIMT_UNROLL
      for (int t = 0; t < kTiles; ++t) {
        float total[4] = {};
        for (unsigned z = 0; z < gridDim.z; ++z) {
          const Words4 words = load16(partial(z, r, t));
          SIMT_UNROLL
          for (int i = 0; i < 4; ++i) total[i] += as_float(words.w[i]);
        }
        SIMT_UNROLL
        for (int i = 0; i < 4; ++i) sum[r][t][i] = total[i];
      }
    }
    return true;
  }
};

// Grid: [output channels / 128, tokens / (8 kTiles), splits of k].
template <SkinnyWeights kType, int kTiles>
SIMT_KERNEL void SIMT_LAUNCH_BOUNDS(128, 2) skinny_gemm(SkinnyCall call) {
  using Thread = SkinnyThread<kType, kTiles>;
  Thread me(call, simt::shared<typename Thread::Shared>());
  const int64_t unit = call.group > 64 ? call.group / 64 : 1;  // steps that stay together
  const int64_t units = call.k / 64 / unit;
  const int64_t begin = units * blockIdx.z / gridDim.z * unit;
  const int64_t end = units * (blockIdx.z + 1) / gridDim.z * unit;
  for (int64_t step = begin; step < begin + kSkinnyStages - 1; ++step) {
    if (step < end) me.fetch(step);
    copy_commit();
  }
  for (int64_t step = begin; step < end; ++step) {
    copy_wait<kSkinnyStages - 2>();
    barrier();
    if (step + kSkinnyStages - 1 < end) me.fetch(step + kSkinnyStages - 1);
    copy_commit();
    if constexpr (Thread::kGroups) {
      if (step * 64 % call.group == 0) me.enter_group(step * 64 / call.group, step == begin);
    }
    me.multiply(step);
  }
  me.apply_scales();
  if (gridDim.z > 1 && !me.reduce()) return;
  me.store();
}

}  // namespace inferbench::simt
