#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "kernels/cpu/kernel.hpp"

namespace inferbench {

// out[m, n] = sum over k of in[m, k] * weights[n, k], accumulated in fp32: a linear layer with its
// weights as checkpoints store them, one row per output channel.
//
//   in       [m, k]   the format's activation type, as fp32
//   weights  [n, k]   the format's weight type, as fp32
//   out      [m, n]   fp32
//
// Source: BLAS sgemm, and torch.nn.Linear for the orientation of the weights.
class GemmProblem final : public Problem {
 public:
  explicit GemmProblem(const KernelCase& kernel_case);

  const KernelCase& shape() const override { return case_; }
  Work work() const override;
  std::size_t outputs() const override;
  Oracle oracle(std::size_t most) const override;

  std::int64_t m = 0, n = 0, k = 0;
  std::vector<float> in, weights;

 private:
  KernelCase case_;
};

}  // namespace inferbench
