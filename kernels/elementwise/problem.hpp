#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "kernels/cpu/kernel.hpp"

namespace inferbench {

// Operations on rows [rows, columns]; columns are features, or heads * 128 for rope, or the
// vocabulary for argmax.
enum class RowOp {
  rmsnorm,      // x / sqrt(mean(x^2) + 1e-5) * weight
  add_rmsnorm,  // residual = x + y, then its rmsnorm: both are written
  layernorm,    // (x - mean) / sqrt(variance + 1e-5) * weight + bias
  silu_mul,     // x / (1 + exp(-x)) * y
  rope,         // halves of each head rotated by the row's angles
  softmax,      // exp(x - max) / sum
  argmax,       // greedy sampling: the first index of the largest value
};

inline constexpr float kNormEpsilon = 1e-5F;
inline constexpr std::int64_t kRopeHead = 128;

// What is given and asked of one of them.
//
//   x, y          [rows, columns]   fp32, or bf16 as fp32 and as 16 bit; y for two-operand ops
//   weight, bias  [columns]         fp32
//   cosine, sine  [rows, 64]        fp32, of position = row, base 500,000
//   out           [rows, columns]   fp32; add_rmsnorm [2, rows, columns]: normed, then the
//   residual;
//                                   argmax [rows]
//
// Sources: Zhang and Sennrich, "Root Mean Square Layer Normalization", arXiv 1910.07467; Ba et al.,
// "Layer Normalization", arXiv 1607.06450; Shazeer, "GLU Variants", arXiv 2002.05202; Su et al.,
// "RoFormer", arXiv 2104.09864 (halves as in GPT-NeoX and Llama).
class RowProblem final : public Problem {
 public:
  RowProblem(const KernelCase& kernel_case, RowOp row_op);

  const KernelCase& shape() const override { return case_; }
  Work work() const override;
  std::size_t outputs() const override;
  Oracle oracle(std::size_t most) const override;

  RowOp op;
  bool bf16 = false;
  std::int64_t rows = 0, columns = 0;
  std::vector<float> x, y, weight, bias, cosine, sine;
  std::vector<std::uint16_t> x16, y16;

  bool has_y() const { return op == RowOp::add_rmsnorm || op == RowOp::silu_mul; }

 private:
  struct Value {
    double value = 0, scale = 0;
  };
  // Of one row, in the order of the output; the residuals of add_rmsnorm after the norms.
  std::vector<Value> row_values(std::int64_t row) const;

  KernelCase case_;
};

}  // namespace inferbench
