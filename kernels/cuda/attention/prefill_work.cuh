#pragma once

#include "kernels/cuda/simt/simt.cuh"

namespace inferbench::cuda_attention {

inline constexpr int kPrefillTile = 128;  // tokens of a part, and keys of a tile

// 128 new tokens of a query head of a request.
struct PrefillPart {
  int request, head, token;    // the first of them
  int context, length, tiles;  // tokens cached before the new ones; tokens seen; tiles of them
};

// All parts, in the order in which they begin: the last tokens, which see most, first; heads that
// share keys one after the other. Blocks take them in rounds, every other one in reverse, so that
// each gets about the same.
struct PrefillWork {
  int tokens, q_heads, requests, blocks;  // blocks: of a request's tokens
  int64_t parts;

  SIMT_BOTH PrefillWork(int tokens_, int q_heads_, int requests_)
      : tokens(tokens_),
        q_heads(q_heads_),
        requests(requests_),
        blocks((tokens_ + kPrefillTile - 1) / kPrefillTile),
        parts(int64_t{blocks} * q_heads_ * requests_) {}

  // Of the block that asks.
  SIMT_DEVICE int64_t first() const { return blockIdx.x; }
  SIMT_DEVICE int64_t after(int64_t part) const {
    const int64_t round = part / gridDim.x + 1;
    const int64_t within = round % 2 == 0 ? blockIdx.x : gridDim.x - 1 - blockIdx.x;
    return round * gridDim.x + within;
  }

  SIMT_DEVICE PrefillPart part(int64_t index, const int32_t* context) const {
    const int of_block = q_heads * requests;
    const int within = static_cast<int>(index % of_block);
    PrefillPart part;
    part.request = within / q_heads;
    part.head = within % q_heads;
    part.token = (blocks - 1 - static_cast<int>(index / of_block)) * kPrefillTile;
    const int last = part.token + kPrefillTile < tokens ? part.token + kPrefillTile : tokens;
    part.context = context[part.request];
    part.length = part.context + last;
    part.tiles = (part.length + kPrefillTile - 1) / kPrefillTile;
    return part;
  }
};

}  // namespace inferbench::cuda_attention
