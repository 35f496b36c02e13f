#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>

namespace inferbench::cuda_attention {

// Of requests x kv_heads x row tiles, where they are split.
inline constexpr std::int64_t kMostDecodeCounters = 65536;

// How decode.cuh spreads a call over a GPU.
struct DecodeSizes {
  std::int64_t requests = 1, tokens = 1, q_heads = 1, kv_heads = 1, head_dim = 128;
  std::int64_t longest = 1;  // context + tokens of the longest request
  int kv_bytes = 2;          // of an element
};

struct DecodePlan {
  std::int64_t row_tiles = 1, splits = 1, split_tiles = 1, tile_tokens = 16;

  std::int64_t blocks_per_split(const DecodeSizes& s) const {
    return s.requests * s.kv_heads * row_tiles;
  }
  std::size_t partial_floats(const DecodeSizes& s) const {
    return static_cast<std::size_t>(blocks_per_split(s) * splits * 16 * s.head_dim);
  }
  std::size_t state_floats(const DecodeSizes& s) const {
    return static_cast<std::size_t>(blocks_per_split(s) * splits * 32);
  }
};

// As many splits as end first, if a block's time is that of its longest warp's tiles, and of about
// four more to begin and to combine, and `slots` blocks run at a time. `splits` other than 0: that
// many, as far as there are tiles.
inline DecodePlan plan_decode(const DecodeSizes& sizes, std::int64_t slots, std::int64_t splits) {
  constexpr std::int64_t kWarps = 4, kRows = 16, kMostSplits = 128, kFixed = 4;
  const auto up = [](std::int64_t a, std::int64_t b) { return (a + b - 1) / b; };
  DecodePlan plan;
  plan.row_tiles = up(sizes.tokens * (sizes.q_heads / sizes.kv_heads), kRows);
  plan.tile_tokens = std::max<std::int64_t>(16, 4096 / (sizes.head_dim * sizes.kv_bytes));
  const std::int64_t tiles = up(sizes.longest, plan.tile_tokens);
  const std::int64_t base = plan.blocks_per_split(sizes);
  const auto time = [&](std::int64_t n) {
    return up(base * n, slots) * (up(up(tiles, n), kWarps) + kFixed);
  };
  // Without a counter each, they are enough without being split.
  const bool may_split = base <= kMostDecodeCounters;
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
