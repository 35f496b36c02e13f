#pragma once

// GEMM of many tokens by wgmma (sm_90a): out[m, n] = in[m, k] * weights[n, k], limited by the
// tensor cores.
//
// Two blocks of a cluster compute 128 rows each of the same 256 columns: each copies its own rows
// and half of the columns' weights, the half to both, so that a multiprocessor receives 32 KiB for
// 2 x 128 x 256 x 128 bytes of products instead of 48. In a block four warps copy, one thread of
// them does all of it, four stages ahead; twice four warps multiply 64 rows each. Clusters take one
// tile after another, so that copies for the next run while sums of the last are stored.

#include "kernels/cuda/gemm/wide_call.hpp"
#include "kernels/cuda/simt/hopper.cuh"

namespace inferbench::simt {

struct WideCall {
  TensorMap in, weights;  // tiles of 128 rows, [m, k] and [n, k]
  WideSizes sizes;
  int64_t row_pairs = 0, columns = 0;
};

struct WideShared {
  struct alignas(1024) Rows {
    unsigned char bytes[kWideRows * kWideTileBytes];
  };
  Rows in[kWideStages];
  Rows weights[kWideStages][kWideCluster];
  Gate full[kWideStages], empty[kWideStages];
};
static_assert(kWideColumns == kWideCluster * kWideRows);

template <WideType kType>
struct WideTraits {
  using Sum = float;
  static constexpr int kElements = kType == WideType::bf16 ? 64 : 128;  // of a tile's row
  SIMT_DEVICE static void multiply(float (&d)[128], uint64_t a, uint64_t b, int accumulate) {
    if constexpr (kType == WideType::bf16) {
      products_bf16(d, a, b, accumulate);
    } else {
      products_e4m3(d, a, b, accumulate);
    }
  }
};
template <>
struct WideTraits<WideType::int8> {
  using Sum = int32_t;
  static constexpr int kElements = 128;
  SIMT_DEVICE static void multiply(int32_t (&d)[128], uint64_t a, uint64_t b, int accumulate) {
    products_s8(d, a, b, accumulate);
  }
};

// Which of the stages the next one is, and how often all have been used.
struct WideStage {
  int index = 0;
  unsigned parity = 0;
  SIMT_DEVICE void next() {
    if (++index < kWideStages) return;
    index = 0;
    parity ^= 1;
  }
};

// Copies what the tiles of this cluster need, as far as stages are free.
template <WideType kType>
SIMT_DEVICE void wide_copy(const WideCall& call, WideShared& shared, int64_t first,
                           int64_t stride) {
  constexpr int kElements = WideTraits<kType>::kElements;
  constexpr unsigned kStageBytes = (kWideRows + kWideColumns) * kWideTileBytes;
  constexpr unsigned kAll = (1U << kWideCluster) - 1;
  const unsigned rank = cluster_rank();
  WideStage stage;
  for (int64_t i = first; i < call.row_pairs * call.columns; i += stride) {
    const WideTile tile = wide_tile(i, call.row_pairs, call.columns);
    const int row = static_cast<int>((tile.row_pair * kWideCluster + rank) * kWideRows);
    const int column = static_cast<int>((tile.column * kWideCluster + rank) * kWideRows);
    for (int64_t k = 0; k < call.sizes.k; k += kElements, stage.next()) {
      gate_wait(shared.empty[stage.index], stage.parity ^ 1);
      Gate& full = shared.full[stage.index];
      gate_expect(full, kStageBytes);
      tensor_load(&shared.in[stage.index], call.in, static_cast<int>(k), row, full);
      tensor_load_to(&shared.weights[stage.index][rank], call.weights, static_cast<int>(k), column,
                     full, kAll);
    }
  }
}

// This thread's sums, of one of the two times 64 rows.
template <class Sum>
SIMT_DEVICE void wide_store(const WideSizes& sizes, const Sum (&sum)[128], int64_t first_row,
                            int64_t first_column) {
  const int lane = static_cast<int>(threadIdx.x) % 32;
  const int64_t row0 = first_row + static_cast<int>(threadIdx.x) / 32 % 4 * 16 + lane / 4;
  SIMT_UNROLL
  for (int half = 0; half < 2; ++half) {
    const int64_t row = row0 + 8 * half;
    if (row >= sizes.m) continue;
    const float row_scale =
        sizes.scale * (sizes.row_scale == nullptr ? 1.0F : sizes.row_scale[row]);
    SIMT_UNROLL
    for (int j = 0; j < 32; ++j) {
      const int64_t column = first_column + 8 * j + 2 * (lane % 4);
      if (column >= sizes.n) continue;
      float pair[2];
      SIMT_UNROLL
      for (int i = 0; i < 2; ++i) {
        pair[i] = static_cast<float>(sum[4 * j + 2 * half + i]) * row_scale;
        if (sizes.column_scale != nullptr && column + i < sizes.n) {
          pair[i] *= sizes.column_scale[column + i];
        }
      }
      const int64_t at = row * sizes.n + column;
      if (sizes.out_bf16 != nullptr && sizes.n % 2 == 0) {
        *reinterpret_cast<uint32_t*>(sizes.out_bf16 + at) = pack_bf16(pair[0], pair[1]);
      } else if (sizes.out_bf16 == nullptr && sizes.n % 2 == 0) {
        store8(sizes.out + at, {{as_bits(pair[0]), as_bits(pair[1])}});
      } else {
        for (int i = 0; i < 2 && column + i < sizes.n; ++i) {
          if (sizes.out_bf16 != nullptr) {
            sizes.out_bf16[at + i] = static_cast<uint16_t>(pack_bf16(pair[i], 0.0F));
          } else {
            sizes.out[at + i] = pair[i];
          }
        }
      }
    }
  }
}

// Four warps: 64 rows of each of the cluster's tiles.
template <WideType kType>
SIMT_DEVICE void wide_multiply(const WideCall& call, WideShared& shared, int64_t first,
                               int64_t stride) {
  using Traits = WideTraits<kType>;
  const int half = static_cast<int>(threadIdx.x) / 128 - 1;
  const bool speaks = threadIdx.x % 128 < kWideCluster;  // for the four warps, to one block
  WideStage stage;
  int before = -1;  // the stage whose products may still be under way
  const auto release = [&](int index) {
    if (speaks) gate_arrive_at(shared.empty[index], threadIdx.x % 128);
  };
  for (int64_t i = first; i < call.row_pairs * call.columns; i += stride) {
    const WideTile tile = wide_tile(i, call.row_pairs, call.columns);
    typename Traits::Sum sum[128];
    for (int64_t k = 0; k < call.sizes.k; k += Traits::kElements, stage.next()) {
      gate_wait(shared.full[stage.index], stage.parity);
      const uint64_t a = operand(&shared.in[stage.index]) + half * (64 * kWideTileBytes / 16);
      const uint64_t b = operand(&shared.weights[stage.index]);
      products_fence();
      SIMT_UNROLL
      for (int step = 0; step < 4; ++step) {  // 32 bytes of k
        Traits::multiply(sum, a + 2 * step, b + 2 * step, k > 0 || step > 0 ? 1 : 0);
      }
      products_commit();
      products_wait<1>();
      if (before >= 0) release(before);
      before = stage.index;
    }
    products_wait<0>();
    products_hold(sum);
    release(before);
    before = -1;
    wide_store(call.sizes, sum,
               (tile.row_pair * kWideCluster + cluster_rank()) * kWideRows + half * 64,
               tile.column * kWideColumns);
  }
}

// Blocks: wide_plan's.
template <WideType kType>
SIMT_KERNEL void SIMT_LAUNCH_BOUNDS(384, 1) SIMT_CLUSTER(2)
    wide_gemm(const SIMT_GRID_CONSTANT WideCall call) {
  WideShared& shared = simt::shared<WideShared>();
  if (threadIdx.x == 0) {
    tensor_prefetch(call.in);
    tensor_prefetch(call.weights);
    for (int s = 0; s < kWideStages; ++s) {
      gate_open(shared.full[s], 1);
      gate_open(shared.empty[s], 2 * kWideCluster);  // four warps each
    }
    gates_ready();
  }
  cluster_barrier();
  const int64_t first = blockIdx.x / kWideCluster, stride = gridDim.x / kWideCluster;
  if (threadIdx.x < 128) {
    give_registers<40>();
    if (threadIdx.x == 0) wide_copy<kType>(call, shared, first, stride);
  } else {
    take_registers<232>();
    wide_multiply<kType>(call, shared, first, stride);
  }
  // Nobody leaves while others may still write to its shared memory.
  cluster_barrier();
}

}  // namespace inferbench::simt
