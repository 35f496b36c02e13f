#pragma once

#include <cstdint>
#include <span>

#include "kernels/cpu/buffer.hpp"
#include "kernels/cpu/features.hpp"
#include "kernels/cpu/team.hpp"

namespace inferbench {

// Operations on rows [rows, columns]; columns are features, or heads for rope, or the vocabulary
// for argmax.
enum class RowOp {
  rmsnorm,      // x / sqrt(mean(x^2) + epsilon) * weight
  add_rmsnorm,  // residual = x + y, then its rmsnorm: both are written
  layernorm,    // (x - mean) / sqrt(variance + epsilon) * weight + bias
  silu_mul,     // x / (1 + exp(-x)) * y
  rope,         // halves of each head rotated by the row's angles
  softmax,      // exp(x - max) / sum
  argmax,       // greedy sampling: the first index of the largest value

  add,   // x + y; with rmsnorm and quant: what the fused ones above and below are made of
  silu,  // x / (1 + exp(-x))
  mul,   // x * y

  // Codes of a row and their scale: the largest magnitude becomes 127 in int8 and 448 in e4m3, as
  // quantise_row_int8 does it. By themselves, or of what a norm gives, which is not written.
  quant_int8,
  quant_fp8,
  rmsnorm_quant_int8,
  rmsnorm_quant_fp8,
  add_rmsnorm_quant_int8,
  add_rmsnorm_quant_fp8,
};

bool adds_residual(RowOp op);   // writes x + y beside its result
bool has_two_inputs(RowOp op);  // x and y
bool gives_codes(RowOp op);     // 8 bit codes and scales instead of fp32
bool gives_fp8(RowOp op);       // of those, e4m3

// Buffers of one operation on whole rows. Those an operation does not name stay empty.
//
//   x, y          [rows, columns]   fp32, or x16, y16: bf16
//   weight, bias  [columns]         fp32
//   cosine, sine  [rows, head / 2]  fp32
//   out           [rows, columns]   fp32, may be x; argmax [rows]
//   residual      [rows, columns]   fp32
//   codes         [rows, columns]   int8, or e4m3 as 8 bit
//   scale         [rows]            fp32: value = scale * code
struct RowBuffers {
  std::int64_t rows = 0, columns = 0;
  std::span<const float> x{}, y{};
  std::span<const std::uint16_t> x16{}, y16{};
  std::span<const float> weight{}, bias{}, cosine{}, sine{};
  std::span<float> out{}, residual{};
  std::span<std::uint8_t> codes{};
  std::span<float> scale{};
  float epsilon = 1e-5F;
  std::int64_t head = 128;  // rope: elements of a head, a multiple of 32 that divides columns
};

// Rows between the passes of an operation: grows to the largest seen.
struct RowWorkspace {
  Buffer<float> row;  // [threads, columns]
};

// Computes all rows. A row's bits depend on the row and the instruction set alone. Throws
// std::logic_error if a buffer is missing or has another size.
//
// Sources: Zhang and Sennrich, "Root Mean Square Layer Normalization", arXiv 1910.07467; Ba et al.,
// "Layer Normalization", arXiv 1607.06450; Shazeer, "GLU Variants", arXiv 2002.05202; Su et al.,
// "RoFormer", arXiv 2104.09864 (halves as in GPT-NeoX and Llama); fp8: arXiv 2209.05433.
void compute_rows(RowOp op, const RowBuffers& buffers, ThreadTeam& team, RowWorkspace& workspace,
                  Isa isa = best_isa());

}  // namespace inferbench
