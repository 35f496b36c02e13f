#pragma once

#include <cstddef>
#include <cstdint>

#include "kernels/attention/problem.hpp"
#include "kernels/gemm/tiles.hpp"

namespace inferbench {

// Softmax over a part of a row: its largest score, the sum of exponentials relative to it, and the
// weighted values. Parts of a row combine exactly like its tokens do.
struct DecodeState {
  float* largest = nullptr;  // [q_heads]
  float* sum = nullptr;      // [q_heads]
  float* values = nullptr;   // [q_heads][head_dim], not yet divided by the sum
};

// Tokens [first, last) of one request, for all heads; `q` is [q_heads][head_dim], already scaled.
struct DecodeCall {
  const std::byte *keys = nullptr, *values = nullptr;
  const float *key_scale = nullptr, *value_scale = nullptr;
  const std::int32_t* blocks = nullptr;                  // the request's block table
  std::int64_t first = 0, last = 0;                      // last > first
  std::int64_t q_heads = 0, kv_heads = 0, head_dim = 0;  // head_dim a multiple of 16
  const float* q = nullptr;
  DecodeState state;
};

using DecodeKernel = void (*)(const DecodeCall&);

// Online softmax (Milakov and Gimelshein, arXiv 1805.02867) block by block, all heads of a block
// before the next; the query heads of a group share one pass over its keys and values, and the page
// that comes next is prefetched while this one is computed.
DecodeKernel decode_kernel_avx2(KvType type);
DecodeKernel decode_kernel_avx512(KvType type);

// What prefill needs besides the GEMM tiles. Rows of `n` elements.
struct PrefillKernels {
  // One token's key or value of `head_dim` elements at `at`, widened and scaled.
  void (*widen)(KvType type, const std::byte* data, std::size_t at, std::int64_t n, float scale,
                float* to) = nullptr;
  // scores [n] into exponentials relative to the row's largest so far; returns the factor by which
  // what was summed before shrinks, and updates both.
  float (*softmax)(float* scores, std::int64_t n, float* largest, float* sum) = nullptr;
  void (*scale)(float* row, std::int64_t n, float factor) = nullptr;
  const TileSet& (*tiles)() = nullptr;
};

const PrefillKernels& prefill_kernels_avx2();
const PrefillKernels& prefill_kernels_avx512();

}  // namespace inferbench
