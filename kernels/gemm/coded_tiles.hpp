#pragma once

#include <utility>

#include "kernels/gemm/tile_body.hpp"

// Included by files that compile one body for each instruction set, after the vectors of that set:
// tiles of weights whose codes have 8, 4 or 2 bits, in fp32 arithmetic.
//
// A file defines Code types, kUnit consecutive k of one column in kUnitBytes: load() takes those of
// one vector of columns, value<i>() gives the fp32 values at the i-th k. And Scale types: load()
// gives the scales of one vector of columns, kBytes each; kGrouped says whether groups of k have
// scales of their own.
namespace inferbench {
namespace {

struct Unscaled {
  static constexpr bool kGrouped = false;
  static constexpr std::size_t kBytes = 0;
  INFERBENCH_TARGET INFERBENCH_INLINE static Vec::F load(const std::byte*) { return Vec::zero(); }
};

// Multiply-adds of the k from kStep on of a unit.
template <class Code, int kStep, int kRows, int kVectors>
INFERBENCH_TARGET INFERBENCH_INLINE void multiply(Vec::F (&sum)[kRows][kVectors],
                                                  const typename Code::Raw (&raw)[kVectors],
                                                  const typename Code::Table& table,
                                                  const std::byte* in, std::size_t in_stride) {
  if constexpr (kStep < Code::kUnit) {
    Vec::F w[kVectors];
    INFERBENCH_UNROLL
    for (int v = 0; v < kVectors; ++v) w[v] = Code::template value<kStep>(raw[v], table);
    INFERBENCH_UNROLL
    for (int r = 0; r < kRows; ++r) {
      const Vec::F a = Vec::set1(*reinterpret_cast<const float*>(
          in + static_cast<std::size_t>(r) * in_stride + kStep * sizeof(float)));
      INFERBENCH_UNROLL
      for (int v = 0; v < kVectors; ++v) sum[r][v] = Vec::fma(a, w[v], sum[r][v]);
    }
    multiply<Code, kStep + 1>(sum, raw, table, in, in_stride);
  }
}

// Each accumulator is one chain of multiply-adds in the order of k: of all k, continued from `out`,
// or of a group, which is then scaled and added to `out`.
template <class Code, class Scale, int kRows, int kPanels>
INFERBENCH_TARGET void coded_tile(const TileCall& t) {
  constexpr int kVectors = 2 * kPanels;
  constexpr std::size_t kStepBytes = kWidth * Code::kUnitBytes;
  const typename Code::Table table;
  const std::byte* in = t.in;
  const std::byte* weights = t.weights;
  const std::int64_t group = Scale::kGrouped ? t.group : t.k;
  std::size_t g = 0;
  for (std::int64_t from = 0; from < t.k; from += group, ++g) {
    Vec::F sum[kRows][kVectors];
    INFERBENCH_UNROLL
    for (int r = 0; r < kRows; ++r) {
      INFERBENCH_UNROLL
      for (int v = 0; v < kVectors; ++v) {
        const bool onward = !Scale::kGrouped && t.accumulate;
        sum[r][v] = onward ? Vec::load(t.out + r * t.out_stride + kLanes * v) : Vec::zero();
      }
    }
    const std::int64_t size = t.k - from < group ? t.k - from : group;
    for (std::int64_t k = 0; k < size; k += Code::kUnit) {
      typename Code::Raw raw[kVectors];
      INFERBENCH_UNROLL
      for (int v = 0; v < kVectors; ++v) {
        const std::byte* panel = weights + static_cast<std::size_t>(v / 2) * t.panel_bytes;
        raw[v] = Code::load(panel + static_cast<std::size_t>(v % 2) * (kStepBytes / 2));
        if (v % 2 == 0) {
          INFERBENCH_UNROLL
          for (std::size_t line = 0; line < kStepBytes; line += 64) {
            __builtin_prefetch(panel + kAhead + line);
          }
        }
      }
      multiply<Code, 0>(sum, raw, table, in, t.in_stride);
      in += Code::kUnit * sizeof(float);
      weights += kStepBytes;
    }
    INFERBENCH_UNROLL
    for (int v = 0; v < kVectors; ++v) {
      const std::size_t at = static_cast<std::size_t>(v / 2) * t.group_panel + g * kWidth +
                             static_cast<std::size_t>(kLanes * (v % 2));
      if constexpr (Scale::kGrouped) {
        add_scaled(t, g, v, Scale::load(t.block_scales + at * Scale::kBytes), sum);
      } else {
        INFERBENCH_UNROLL
        for (int r = 0; r < kRows; ++r) {
          Vec::store(t.out + r * t.out_stride + kLanes * v, sum[r][v]);
        }
      }
    }
  }
}

// kPanelsOf(rows): panels of a tile of so many rows, as accumulators and values fit the registers.
template <class Code, class Scale, int (*kPanelsOf)(int), std::size_t... kIndex>
TileSet make_coded(std::index_sequence<kIndex...>) {
  TileSet set{.width = kWidth, .unit = Code::kUnit, .most_rows = sizeof...(kIndex)};
  ((set.panels[kIndex + 1] = kPanelsOf(kIndex + 1)), ...);
  ((set.wide[kIndex + 1] = coded_tile<Code, Scale, kIndex + 1, kPanelsOf(kIndex + 1)>), ...);
  ((set.one[kIndex + 1] = coded_tile<Code, Scale, kIndex + 1, 1>), ...);
  return set;
}

// The tiles of a format, for Code and Scale types of these names.
template <int (*kPanelsOf)(int), int kMostRows>
const TileSet& coded_tiles(const BlockFormat& f) {
  constexpr auto kRows = std::make_index_sequence<kMostRows>();
  static const TileSet fp8 = make_coded<E4m3Code, Unscaled, kPanelsOf>(kRows),
                       fp8_block = make_coded<E4m3Code, Fp32Scale, kPanelsOf>(kRows),
                       nvfp4 = make_coded<E2m1Code, E4m3Scale, kPanelsOf>(kRows),
                       mxfp4 = make_coded<E2m1Code, E8m0Scale, kPanelsOf>(kRows),
                       int4 = make_coded<Int4Code, Fp16Scale, kPanelsOf>(kRows),
                       int2 = make_coded<Int2Code, Fp16Scale, kPanelsOf>(kRows);
  switch (f.element) {
    case CodeType::e4m3:
      return f.block_k == 0 ? fp8 : fp8_block;
    case CodeType::e2m1:
      return f.scale == ScaleType::e8m0 ? mxfp4 : nvfp4;
    case CodeType::int4:
      return int4;
    default:
      return int2;
  }
}

}  // namespace
}  // namespace inferbench
