#pragma once

#include <cstdint>

// Operands of a decoder's kernels between GEMMs and attention: device memory, 16-byte aligned.
namespace inferbench::cuda_step {

// residual[row] is the embedding of tokens[row], or grows by added[row]; and normed[row] its norm.
struct NormCall {
  int64_t rows = 0, width = 0;
  const int32_t* tokens = nullptr;  // [rows]; null: added is
  const uint16_t* table = nullptr;  // [vocab, width] bf16
  const float* added = nullptr;     // [rows, width]
  const int32_t* which = nullptr;   // [rows]: rows of added and residual; null: all in order
  const float* weight = nullptr;    // [width]
  float epsilon = 0;
  float* residual = nullptr;   // [tokens, width]
  uint16_t* normed = nullptr;  // [rows, width] bf16
};

// Queries and keys of a token turned by its position, and keys and values into their page.
struct RotateCall {
  int64_t tokens = 0, heads = 0, kv_heads = 0, head_dim = 0;
  const float* qkv = nullptr;                   // [tokens, (heads + 2 kv_heads) head_dim]
  const float* bias = nullptr;                  // [the same width], or null
  const int32_t* position = nullptr;            // [tokens]
  const float* angles = nullptr;                // [positions, head_dim]: cosines, then sines
  const int64_t* slot = nullptr;                // [tokens]: block * 16 + token of it
  uint16_t* q = nullptr;                        // [tokens, heads, head_dim] bf16
  uint16_t *keys = nullptr, *values = nullptr;  // [blocks, kv_heads, 16, head_dim] bf16
};

// out = SiLU(gate) * up of in = [gate, up]; or just in, as bf16.
struct ActivateCall {
  int64_t rows = 0, width = 0;  // of out
  int gated = 1;                // 0: out = in
  const float* in = nullptr;    // [rows, 2 width], or [rows, width]
  uint16_t* out = nullptr;      // [rows, width] bf16
};

}  // namespace inferbench::cuda_step
