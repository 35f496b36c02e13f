#pragma once

#include <cstdint>
#include <memory>
#include <string_view>
#include <vector>

#include "kernels/cpu/kernel.hpp"
#include "kernels/quant/quantise.hpp"

namespace inferbench {

// Element types of a GEMM.
//
//   fp32, bf16, fp16       both operands; sums in fp32
//   w8a16                  int8 weights, one scale per output channel; bf16 activations, fp32 math
//   w8a8                   and activations quantised to int8 per token within the run; sums exact
//   w4a16-gG[-zp]          int4 weights in groups of G k with an fp16 scale (and zero point); bf16
//                          activations, fp32 math
//   w4a8-gG[-zp]           and activations quantised to int8 per token within the run
struct GemmFormat {
  enum class Weights { fp32, bf16, fp16, int8, int4 };
  std::string name;
  Weights weights = Weights::fp32;
  bool integer = false;  // activations are quantised to int8
  int group = 0;         // k per scale; 0: none
  bool zero_points = false;

  double weight_bytes() const;  // per element, scales included
};

const std::vector<GemmFormat>& gemm_formats();
const GemmFormat& gemm_format(std::string_view name);

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
  Work work() const override;
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
  std::vector<float> in;            // representable in the activation type
  std::vector<std::uint16_t> in16;  // the same as bf16 or fp16; empty in fp32
  std::vector<float> weights;       // of float formats, representable in the weight type
  std::vector<std::uint16_t> weights16;
  QuantisedInt8 weights8, in8;  // in8: what integer formats quantise `in` to
  QuantisedInt4 weights4;

 private:
  Element integer_element(std::int64_t row, std::int64_t column) const;

  KernelCase case_;
};

}  // namespace inferbench
