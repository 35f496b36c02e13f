#pragma once

#include <stdint.h>

/* Operands of the CUDA kernels, by op. Pointers are device memory, 16-byte aligned; sizes of arrays
 * in elements, row major. */

#ifdef __cplusplus
extern "C" {
#endif

/* Bandwidth: to[i] = a[i] (+ b[i]), `count` fp32; a multiple of 4. */
struct InferbenchCudaSweep {
  const void *a, *b;
  void* to; /* of a read: one word, which is written only if the sum is an odd NaN */
  int64_t count;
};

/* Operations on rows (kernels/elementwise/rows.hpp): inputs bf16 or fp32, results fp32 or 8 bit. */
struct InferbenchCudaRows {
  int64_t rows, columns;
  int bf16; /* inputs */
  const void *x, *y;
  const float *weight, *cosine, *sine;
  float *out, *residual, *scale;
  void* codes;
  float epsilon;
};

enum InferbenchCudaGemmFormat {
  INFERBENCH_CUDA_BF16,  /* in bf16, weights bf16 */
  INFERBENCH_CUDA_W8A16, /* in bf16, weights int8, scale [n] */
  INFERBENCH_CUDA_W4A16, /* in bf16, weights int4, scale and zero of each `group` k */
  INFERBENCH_CUDA_W8A8,  /* in int8, in_scale [m]; weights int8, scale [n] */
  INFERBENCH_CUDA_FP8    /* in e4m3, in_scale [m] or null; weights e4m3, scale [n] or null */
};

/* out[m, n] = in[m, k] * weights[n, k], sums in fp32 or exact in int32, times the scales. Weights,
 * their scales and zeros are stored as the kernel reads them: kernels/cuda/gemm/stored_weights.hpp.
 * Scales are fp32, of int4 fp16. */
struct InferbenchCudaGemm {
  int64_t m, n, k;
  int format, group; /* group: k per scale of int4, else 0 */
  const void *in, *weights, *scale, *in_scale;
  const void* zero;
  float* out;
  void* out_bf16; /* instead of `out`, if not null */
  void* workspace;
};

/* Attention over a paged cache (kernels/attention/problem.hpp): q bf16, cache bf16 or e4m3.
 *
 *   q            [requests, tokens, q_heads, head_dim]
 *   keys         [blocks, kv_heads, 16, head_dim]; values the same
 *   block_table  [requests, max_blocks]
 *   context      [requests]   tokens cached before the new ones
 *   out          [requests, tokens, q_heads, head_dim]   fp32
 *
 * Of MLA's decode: one kv head, head_dim 576 (latent 512 and 64 with position), no values, out
 * [.., 512]. */
struct InferbenchCudaAttention {
  int64_t requests, tokens, q_heads, kv_heads, head_dim, max_blocks, longest; /* context + tokens */
  int e4m3;
  float scale;
  const void *q, *keys, *values;
  const int32_t *block_table, *context;
  float* out;
  void* workspace;
  int splits; /* of a decode; 0: as many as fill `multiprocessors` */
  int multiprocessors;
};

#ifdef __cplusplus
}
#endif
