#pragma once

#include <cstdint>
#include <vector>

#include "kernels/cpu/kernel.hpp"
#include "kernels/lora/lora.hpp"

namespace inferbench {

// Updates of one projection by several adapters of one rank; each row uses one of them, drawn
// uniformly.
//
//   in   [rows, in]    fp32
//   out  [rows, out]   fp32: the update alone, added to 0
class LoraProblem final : public Problem {
 public:
  explicit LoraProblem(const KernelCase& kernel_case);

  const KernelCase& shape() const override { return case_; }
  Work work() const override { return work_of(case_); }
  // Of a case, before its inputs are drawn; and the bytes of all adapters, used by a row or not,
  // with inputs and outputs.
  static Work work_of(const KernelCase& kernel_case);
  static double held_bytes(const KernelCase& kernel_case);
  std::size_t outputs() const override { return static_cast<std::size_t>(rows * n); }
  Oracle oracle(std::size_t most) const override;

  std::int64_t rows = 0, rank = 0, k = 0, n = 0;
  float scale = 2;
  std::vector<float> in;
  std::vector<std::int32_t> adapter_of;
  std::vector<std::vector<std::uint16_t>> a, b;  // of each adapter, as LoraAdapter holds them

  std::vector<LoraAdapter> adapters() const;  // views

 private:
  KernelCase case_;
};

}  // namespace inferbench
