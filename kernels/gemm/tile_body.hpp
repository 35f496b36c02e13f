#pragma once

#include "kernels/gemm/tiles.hpp"

// What the bodies that are compiled for each instruction set share; included after its vectors.
namespace inferbench {
namespace {

constexpr int kLanes = Vec::kLanes, kWidth = 2 * kLanes;  // columns of a panel: two vectors
constexpr std::size_t kAhead = 2048;                      // bytes of a panel asked for ahead

// fp16 scales of vector v's columns in group g.
INFERBENCH_TARGET INFERBENCH_INLINE Vec::F scale_of(const TileCall& t, std::size_t g, int v) {
  return Vec::load_fp16(t.scales + static_cast<std::size_t>(v / 2) * t.group_panel + g * kWidth +
                        static_cast<std::size_t>(kLanes * (v % 2)));
}

// The end of a group: its sums in vector v, scaled, are added to what earlier groups, or an earlier
// part of k, left in `out`.
template <int kRows, int kVectors>
INFERBENCH_TARGET INFERBENCH_INLINE void add_scaled(const TileCall& t, std::size_t g, int v,
                                                    Vec::F scale,
                                                    const Vec::F (&sum)[kRows][kVectors]) {
  const bool onward = t.accumulate || g > 0;
  INFERBENCH_UNROLL
  for (int r = 0; r < kRows; ++r) {
    float* out = t.out + r * t.out_stride + kLanes * v;
    const Vec::F before = onward ? Vec::load(out) : Vec::zero();
    Vec::store(out, Vec::fma(scale, sum[r][v], before));
  }
}

}  // namespace
}  // namespace inferbench
