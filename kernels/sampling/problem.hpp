#pragma once

#include <cstdint>
#include <vector>

#include "kernels/cpu/kernel.hpp"
#include "kernels/sampling/sampling.hpp"

namespace inferbench {

// A batch of requests whose next token is sampled, each with a uniform number of its own.
//
//   logits  [requests, vocab]   fp32
//   out     [requests]          the tokens, exactly those of the definition in sampling.hpp
class SamplingProblem final : public Problem {
 public:
  explicit SamplingProblem(const KernelCase& kernel_case);

  const KernelCase& shape() const override { return case_; }
  Work work() const override { return work_of(case_); }
  // Of a case, before its inputs are drawn.
  static Work work_of(const KernelCase& kernel_case);
  std::size_t outputs() const override { return requests.size(); }
  Oracle oracle(std::size_t most) const override;

  std::int64_t vocabulary = 0;
  std::vector<float> logits;
  std::vector<SamplingRequest> requests;

 private:
  KernelCase case_;
};

}  // namespace inferbench
