#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace inferbench {

// Element types of weights, activations and KV caches. A type with block scales carries their
// bytes.
enum class DType {
  fp32,
  bf16,
  fp16,
  fp8,        // e4m3, one scale per tensor
  fp8_block,  // e4m3, one fp32 scale per 128 x 128 block of weights (DeepSeek-V3)
  int8,       // W8A8, one fp32 scale per output channel (counted as none: below 0.1 %)
  int4,       // weight-only, groups of 128 with fp16 scale and packed zero point
  fp4,        // nominal half a byte, no scales: what marketing arithmetic uses
  nvfp4,      // e2m1, one e4m3 scale per 16 elements
  mxfp4,      // e2m1, one e8m0 scale per 32 elements (OCP MX 1.0)
};

// Stored bytes per element, block scales included.
//   fp8_block 1 + 4/16384, int4 0.5 + 2/128 + 0.5/128, nvfp4 0.5 + 1/16, mxfp4 0.5 + 1/32
double bytes_per_element(DType type);

// Stored bytes per element of a 2:4 sparse matrix: two of four values are kept, each with a two-bit
// index, so half the values and 0.125 bytes; block scales as they are. bf16 1.125, fp8 0.625.
//
// Source: Mishra et al., "Accelerating Sparse Deep Neural Networks", arXiv 2104.08378, section 3.
double sparse_bytes_per_element(DType type);

// The width that the tensor cores multiply at: weight-only int4 multiplies in 16 bit.
DType math_type(DType weights);

std::string_view name(DType type);
std::optional<DType> parse_dtype(std::string_view name);
std::vector<std::string> dtype_names();

}  // namespace inferbench
