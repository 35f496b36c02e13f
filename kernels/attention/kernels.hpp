#pragma once

#include <cstddef>
#include <cstdint>

#include "kernels/attention/kv_cache.hpp"
#include "kernels/gemm/tiles.hpp"

namespace inferbench {

// Tokens [first, last) of a sequence.
struct TokenRange {
  std::int64_t first = 0, last = 0;
};

// Softmax over a part of a row: its largest score, the sum of exponentials relative to it, and the
// weighted values. Parts of a row combine exactly like its tokens do.
struct SoftmaxState {
  float* largest = nullptr;  // [rows]
  float* sum = nullptr;      // [rows]
  float* values = nullptr;   // [rows][value_dim], not yet divided by the sum
};

// Part of a sequence's cache for all heads. The rows of a kv head are its query heads' for each new
// token: row = token * group + head.
struct PageCall {
  const KvCache* cache = nullptr;
  const std::int32_t* blocks = nullptr;  // the sequence's block table
  TokenRange part;                       // not empty
  std::int64_t rows = 0;                 // of a kv head
  const float* q = nullptr;              // [kv_heads][rows][key_dim], scaled
  const TokenRange* seen = nullptr;      // [rows], neither end decreasing
  SoftmaxState state;                    // [kv_heads][rows]
};

using PageKernel = void (*)(const PageCall&);

// What page kernels take `q` times, beside the scale of the scores.
inline float page_query_factor(KvType type) {
  return type == KvType::e4m3 ? 256.0F : 1.0F;  // e4m3 is loaded as 2^-8 of its value
}

// Rows of one page, widened to fp32: what is not in [first, last) of its 16 tokens becomes 0.
//   from [16][dim] of the cache's type, scale [16] or null, to [16][dim]
using WidenPage = void (*)(const std::byte* from, const float* scale, TokenRange tokens,
                           std::int64_t dim, float* to);

// 16 fp32 vectors of `dim` in the cache's type, for append_kv; `scale` of int8, else null.
using NarrowRow = void (*)(const float* from, std::int64_t dim, std::byte* to, float* scale);

// What attention needs of one instruction set. Online softmax: Milakov and Gimelshein, arXiv
// 1805.02867.
struct AttentionKernels {
  // Block by block, all heads of a block before the next; up to eight rows share one pass over a
  // page, and those that come after the two heads at work are prefetched meanwhile.
  PageKernel (*pages)(KvType type) = nullptr;
  WidenPage (*widen)(KvType type) = nullptr;
  NarrowRow (*narrow)(KvType type) = nullptr;
  // Rows [16][dim] to columns: to[d * stride + row].
  void (*transpose)(const float* rows, std::int64_t dim, float* to, std::int64_t stride) = nullptr;
  // scores [n] into exponentials relative to the row's largest so far; returns the factor by which
  // what was summed before shrinks, and updates both. At least one score is finite.
  float (*softmax)(float* scores, std::int64_t n, float* largest, float* sum) = nullptr;
  void (*scale)(float* row, std::int64_t n, float factor) = nullptr;
  const TileSet& (*tiles)() = nullptr;
};

const AttentionKernels& attention_kernels_portable();
const AttentionKernels& attention_kernels_avx2();
const AttentionKernels& attention_kernels_avx512();
const AttentionKernels& attention_kernels(Isa isa);  // the widest that `isa` runs

}  // namespace inferbench
