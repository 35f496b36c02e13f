#pragma once

#include <utility>

#include "kernels/gemm/tile_body.hpp"

// Included by files that compile one body for each instruction set, after its vectors: tiles of 2:4
// sparse weights that are read compressed. A file defines Select, which takes from four
// activations, repeated over a vector, the one at each lane's index.
//
// 32 k of a panel: the 16 values that each column keeps, [16][width], then [width] words with their
// 16 positions, 2 bits each.
namespace inferbench {
namespace {

constexpr int kSparseUnit = 32, kKept = kSparseUnit / 2;

struct Fp32Values {
  static constexpr std::size_t kBytes = 4;
  INFERBENCH_TARGET INFERBENCH_INLINE static Vec::F load(const std::byte* at) {
    return Vec::load(reinterpret_cast<const float*>(at));
  }
};

struct Bf16Values {
  static constexpr std::size_t kBytes = 2;
  INFERBENCH_TARGET INFERBENCH_INLINE static Vec::F load(const std::byte* at) {
    return Vec::load_bf16(reinterpret_cast<const std::uint16_t*>(at));
  }
};

// Multiply-adds of the kept values from kValue on.
template <class Values, int kValue, int kRows, int kVectors>
INFERBENCH_TARGET INFERBENCH_INLINE void multiply_kept(Vec::F (&sum)[kRows][kVectors],
                                                       const Select::Index (&index)[kVectors],
                                                       const std::byte* in,
                                                       const std::byte* weights,
                                                       const TileCall& t) {
  if constexpr (kValue < kKept) {
    Vec::F w[kVectors];
    Select::Index at[kVectors];
    INFERBENCH_UNROLL
    for (int v = 0; v < kVectors; ++v) {
      const std::byte* panel = weights + static_cast<std::size_t>(v / 2) * t.panel_bytes;
      w[v] = Values::load(panel + static_cast<std::size_t>(kValue * kWidth + v % 2 * kLanes) *
                                      Values::kBytes);
      at[v] = Select::from<kValue>(index[v]);
    }
    INFERBENCH_UNROLL
    for (int r = 0; r < kRows; ++r) {
      const auto four = Select::four(reinterpret_cast<const float*>(
          in + static_cast<std::size_t>(r) * t.in_stride + kValue / 2 * 4 * sizeof(float)));
      INFERBENCH_UNROLL
      for (int v = 0; v < kVectors; ++v) {
        sum[r][v] = Vec::fma(Select::take(four, at[v]), w[v], sum[r][v]);
      }
    }
    multiply_kept<Values, kValue + 1>(sum, index, in, weights, t);
  }
}

// Each accumulator is one chain of multiply-adds in the order of k, continued from `out`.
template <class Values, int kRows, int kPanels>
INFERBENCH_TARGET void sparse_tile(const TileCall& t) {
  constexpr int kVectors = 2 * kPanels;
  constexpr std::size_t kValueBytes = kKept * kWidth * Values::kBytes;
  constexpr std::size_t kBytes = kValueBytes + kWidth * sizeof(std::uint32_t);
  Vec::F sum[kRows][kVectors];
  INFERBENCH_UNROLL
  for (int r = 0; r < kRows; ++r) {
    INFERBENCH_UNROLL
    for (int v = 0; v < kVectors; ++v) {
      sum[r][v] = t.accumulate ? Vec::load(t.out + r * t.out_stride + kLanes * v) : Vec::zero();
    }
  }
  const std::byte* in = t.in;
  const std::byte* weights = t.weights;
  for (std::int64_t k = 0; k < t.k; k += kSparseUnit) {
    Select::Index index[kVectors];
    INFERBENCH_UNROLL
    for (int v = 0; v < kVectors; ++v) {
      const std::byte* panel = weights + static_cast<std::size_t>(v / 2) * t.panel_bytes;
      index[v] = Select::load(panel + kValueBytes +
                              static_cast<std::size_t>(v % 2 * kLanes) * sizeof(std::uint32_t));
      if (v % 2 == 0) {
        INFERBENCH_UNROLL
        for (std::size_t line = 0; line < kBytes; line += 64) {
          __builtin_prefetch(panel + kAhead + line);
        }
      }
    }
    multiply_kept<Values, 0>(sum, index, in, weights, t);
    in += kSparseUnit * sizeof(float);
    weights += kBytes;
  }
  INFERBENCH_UNROLL
  for (int r = 0; r < kRows; ++r) {
    INFERBENCH_UNROLL
    for (int v = 0; v < kVectors; ++v) {
      Vec::store(t.out + r * t.out_stride + kLanes * v, sum[r][v]);
    }
  }
}

template <class Values, int (*kPanelsOf)(int), std::size_t... kIndex>
TileSet make_sparse(std::index_sequence<kIndex...>) {
  TileSet set{.width = kWidth, .unit = kSparseUnit, .most_rows = sizeof...(kIndex)};
  ((set.panels[kIndex + 1] = kPanelsOf(kIndex + 1)), ...);
  ((set.wide[kIndex + 1] = sparse_tile<Values, kIndex + 1, kPanelsOf(kIndex + 1)>), ...);
  ((set.one[kIndex + 1] = sparse_tile<Values, kIndex + 1, 1>), ...);
  return set;
}

template <int (*kPanelsOf)(int), int kMostRows>
const TileSet& sparse_tiles(bool bf16) {
  constexpr auto kRows = std::make_index_sequence<kMostRows>();
  static const TileSet wide = make_sparse<Fp32Values, kPanelsOf>(kRows),
                       narrow = make_sparse<Bf16Values, kPanelsOf>(kRows);
  return bf16 ? narrow : wide;
}

}  // namespace
}  // namespace inferbench
