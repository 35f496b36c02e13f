#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace inferbench {

// Element types of a GEMM.
//
//   fp32, bf16, fp16       both operands; sums in fp32
//   w8a16                  int8 weights, one scale per output channel; bf16 activations, fp32 math
//   w8a8                   and activations quantised to int8 per token within the run; sums exact
//   w8a8-smooth            and SmoothQuant: activations divided, weights multiplied per channel
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
  bool smooth = false;  // SmoothQuant

  double weight_bytes() const;      // per element, scales included
  double activation_bytes() const;  // per element, as they arrive: fp32, bf16 or fp16
};

const std::vector<GemmFormat>& gemm_formats();

// By name. Throws Error, with the nearest names, for one that does not exist.
const GemmFormat& gemm_format(std::string_view name);

}  // namespace inferbench
