#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "kernels/cpu/kernel.hpp"
#include "kernels/elementwise/rows.hpp"

namespace inferbench {

inline constexpr std::int64_t kRopeHead = 128;

// What is given and asked of one of them.
//
//   x, y          [rows, columns]   fp32, or bf16 as fp32 and as 16 bit; y for two-operand ops
//   weight, bias  [columns]         fp32
//   cosine, sine  [rows, 64]        fp32, of position = row, base 500,000
//   out           [rows, columns]   fp32; argmax [rows]; codes as the values they stand for; ops
//                                   that add: [2, rows, columns], the residual last
class RowProblem final : public Problem {
 public:
  RowProblem(const KernelCase& kernel_case, RowOp row_op);

  const KernelCase& shape() const override { return case_; }
  Work work() const override { return work_of(case_, op); }
  // Of a case, before its inputs are drawn.
  static Work work_of(const KernelCase& kernel_case, RowOp row_op);
  std::size_t outputs() const override;
  Oracle oracle(std::size_t most) const override;

  RowOp op;
  bool bf16 = false;
  std::int64_t rows = 0, columns = 0;
  std::vector<float> x, y, weight, bias, cosine, sine;
  std::vector<std::uint16_t> x16, y16;

 private:
  struct Value {
    double value = 0, scale = 0;
  };
  // Of one row, in the order of the output; the residuals of ops that add after the results.
  std::vector<Value> row_values(std::int64_t row) const;

  // What codes of a row may be off by, half a step, becomes the scale of its values.
  void judge_codes(std::vector<Value>& values) const;

  KernelCase case_;
};

}  // namespace inferbench
