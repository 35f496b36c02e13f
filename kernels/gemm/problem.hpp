#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "kernels/cpu/kernel.hpp"
#include "kernels/gemm/weights.hpp"

namespace inferbench {

// out[m, n] = sum over k of in[m, k] * weights[n, k]: a linear layer with its weights as
// checkpoints store them, one row per output channel.
//
//   in       [m, k]   fp32, bf16 or fp16
//   weights  [n, k]   of the format
//   out      [m, n]   fp32
//
// Source: BLAS sgemm, and torch.nn.Linear for the orientation of the weights.
class GemmProblem final : public Problem {
 public:
  explicit GemmProblem(const KernelCase& kernel_case);

  const KernelCase& shape() const override { return case_; }
  Work work() const override { return work_of(case_); }
  // Of a case, before its inputs are drawn.
  static Work work_of(const KernelCase& kernel_case);
  std::size_t outputs() const override;
  Oracle oracle(std::size_t most) const override;

  // Sum and sum of magnitudes of one output, in fp64 or, where sums are of integers, exactly.
  struct Element {
    double value = 0, magnitude = 0;
    double flushed = 0;  // magnitude of the terms with a denormal bf16, which vdpbf16ps drops
  };
  Element element(std::int64_t row, std::int64_t column) const;

  GemmFormat format;
  std::int64_t m = 0, n = 0, k = 0;
  LayerScales scales;
  std::vector<float> in;            // what the product is of: rounded to the activation type
  std::vector<std::uint16_t> in16;  // the same as bf16 or fp16; empty in fp32
  GemmWeights weights;
  QuantisedInt8 in8;  // what integer formats quantise `in` to

 private:
  Element integer_element(std::int64_t row, std::int64_t column) const;

  KernelCase case_;
};

}  // namespace inferbench
