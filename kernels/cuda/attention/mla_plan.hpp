#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>

namespace inferbench::cuda_attention {

inline constexpr int kMlaKey = 576, kMlaValue = 512;  // elements of a cached token; of a latent
inline constexpr int kMlaRows = 64, kMlaTokens = 64;  // of a tile

// Of requests x row tiles, where they are split.
inline constexpr std::int64_t kMostMlaCounters = 16384;

// How mla.cuh spreads a call over a GPU.
struct MlaPlan {
  std::int64_t blocks_per_split = 1, row_tiles = 1, splits = 1, split_tiles = 1;

  std::size_t partial_floats() const {
    return static_cast<std::size_t>(blocks_per_split * splits * kMlaRows * kMlaValue);
  }
  std::size_t state_floats() const {
    return static_cast<std::size_t>(blocks_per_split * splits * 2 * kMlaRows);
  }
};

// One block runs on a multiprocessor at a time. Beginning and combining takes a block about as long
// as four tiles. `splits` other than 0: that many, as far as there are tiles.
inline MlaPlan plan_mla(std::int64_t requests, std::int64_t rows, std::int64_t longest,
                        std::int64_t multiprocessors, std::int64_t splits) {
  constexpr std::int64_t kMostSplits = 64, kFixed = 4;
  const auto up = [](std::int64_t a, std::int64_t b) { return (a + b - 1) / b; };
  MlaPlan plan;
  plan.row_tiles = up(rows, kMlaRows);
  plan.blocks_per_split = requests * plan.row_tiles;
  const std::int64_t tiles = up(longest, kMlaTokens);
  const auto time = [&](std::int64_t n) {
    return up(plan.blocks_per_split * n, multiprocessors) * (up(tiles, n) + kFixed);
  };
  const bool may_split = plan.blocks_per_split <= kMostMlaCounters;
  std::int64_t best = may_split ? std::clamp<std::int64_t>(splits, 1, tiles) : 1;
  if (may_split && splits == 0) {
    for (std::int64_t n = 2; n <= std::min(tiles, kMostSplits); ++n) {
      if (time(n) < time(best)) best = n;
    }
  }
  plan.split_tiles = up(tiles, best);
  plan.splits = up(tiles, plan.split_tiles);  // none without tiles
  return plan;
}

}  // namespace inferbench::cuda_attention
