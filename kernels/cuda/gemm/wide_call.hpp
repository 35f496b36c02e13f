#pragma once

#include <cstddef>
#include <cstdint>

namespace inferbench {

// Element types of a GEMM by wgmma, of both operands: sums are fp32, of int8 exact in int32.
enum class WideType { bf16, e4m3, int8 };

constexpr int kWideRows = 128, kWideColumns = 256, kWideStages = 4, kWideCluster = 2;
constexpr int kWideTileBytes = 128;  // of k, that a row of a tile holds

// out[m, n] = (in[m, k] * weights[n, k]) * row_scale[m] * column_scale[n] * scale
struct WideSizes {
  int64_t m = 0, n = 0, k = 0;                                // k: a multiple of 16 bytes
  const float *row_scale = nullptr, *column_scale = nullptr;  // or nullptr: 1
  float scale = 1;
  float* out = nullptr;          // [m, n]
  uint16_t* out_bf16 = nullptr;  // instead of `out`
};

// How a GPU computes it: `blocks` in clusters of two, each of which computes 256 x 256 at a time.
struct WidePlan {
  unsigned blocks = 2;
  int64_t row_pairs = 0, columns = 0;  // of tiles
  std::size_t shared_bytes = 0;
};
WidePlan wide_plan(int64_t m, int64_t n, int multiprocessors);

// Tiles in an order in which those computed at the same time share operands: down eight pairs of
// rows, then to the next column.
struct WideTile {
  int64_t row_pair = 0, column = 0;
};
#ifdef __CUDACC__
__host__ __device__ __forceinline__
#else
inline
#endif
    WideTile
    wide_tile(int64_t index, int64_t row_pairs, int64_t columns) {
  constexpr int64_t kGroup = 8;
  const int64_t first = index / (kGroup * columns) * kGroup;
  const int64_t size = row_pairs - first < kGroup ? row_pairs - first : kGroup;
  const int64_t within = index % (kGroup * columns);
  return {first + within % size, within / size};
}

}  // namespace inferbench
