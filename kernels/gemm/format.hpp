#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "kernels/quant/blocks.hpp"

namespace inferbench {

// Element types of a GEMM.
//
//   fp32, bf16, fp16       both operands; sums in fp32
//   w8a16                  int8 weights, one scale per output channel; bf16 activations, fp32 math
//   w8a8                   and activations quantised to int8 per token within the run; sums exact
//   w8a7                   the same with activations in [-63, 63], 7 bits
//   w8a8-smooth            and SmoothQuant: activations divided, weights multiplied per channel
//   w4a16-gG[-zp]          int4 weights in groups of G k with an fp16 scale (and zero point); bf16
//                          activations, fp32 math
//   w4a8-gG[-zp]           and activations quantised to int8 per token within the run
//   fp8-tensor             fp8 e4m3, one scale for all weights; activations with one calibrated
//                          before the run, as static quantisation in engines
//   fp8-channel            a scale per output channel; activations per token within the run
//   fp8-block128           a scale per 128 x 128 weights; activations per token and 128 k within
//   the
//                          run; sums of 128 k are scaled and added in fp32, as DeepSeek-V3 does
//   fp8-a16                weights of fp8-channel, activations bf16
//   nvfp4, mxfp4           e2m1 in blocks of 16 or 32 k, both operands
//   nvfp4-a16, mxfp4-a16   activations bf16, as engines run gpt-oss on GPUs without fp4 arithmetic
//   w4a4-gG                int4 in groups of G k, both operands
//   w2a16-gG               2 bit weights in groups of G k, activations bf16
//   sparse24-fp32, -bf16   at most two of four consecutive k are not zero and only those are stored
//
// In the formats from fp8-tensor on, arithmetic is fp32 on what the codes mean.
struct GemmFormat {
  enum class Weights { fp32, bf16, fp16, int8, int4, coded, sparse24_fp32, sparse24_bf16 };
  std::string name;
  Weights weights = Weights::fp32;
  bool integer = false;  // activations are quantised to int8
  int largest = 127;     // magnitude of quantised activations
  int group = 0;         // k per scale; 0: none
  bool zero_points = false;
  bool smooth = false;                   // SmoothQuant
  const BlockFormat* code = nullptr;     // of coded weights
  const BlockFormat* in_code = nullptr;  // what the run rounds activations to

  // int4 without zero points by bf16: the products are exact in fp32.
  bool multiplies_nibbles_as_bf16() const {
    return weights == Weights::int4 && !integer && !zero_points;
  }

  bool sparse() const {
    return weights == Weights::sparse24_fp32 || weights == Weights::sparse24_bf16;
  }
  double weight_bytes() const;      // per element, scales included
  double activation_bytes() const;  // per element, as they arrive: fp32, bf16 or fp16
};

const std::vector<GemmFormat>& gemm_formats();

// By name. Throws Error, with the nearest names, for one that does not exist.
const GemmFormat& gemm_format(std::string_view name);

}  // namespace inferbench
