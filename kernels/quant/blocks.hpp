#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "kernels/quant/quantise.hpp"

namespace inferbench {

// What one element says before its scale.
enum class CodeType {
  e4m3,  // OCP fp8, largest 448
  e5m2,  // OCP fp8, largest 57,344
  e2m1,  // OCP fp4: 0, 0.5, 1, 1.5, 2, 3, 4, 6 and their negatives
  int8,  // -127 .. 127
  int4,  // -8 .. 7
  int2,  // -1.5, -0.5, 0.5, 1.5
};

// What a block's scale is stored as.
enum class ScaleType { fp32, fp16, e4m3, e8m0 };

int bits(CodeType type);
int bits(ScaleType type);
float largest(CodeType type);  // magnitude that a block's largest element is scaled to

// A code is the low bits(type) bits of a byte: sign and magnitude for floats, two's complement for
// int8, offset by 8 for int4 and by 1.5 for int2. A code that is no number (e4m3 0x7F, e5m2 0x7D
// and so on) decodes to NaN or infinity and is never made here.
float decode(CodeType type, unsigned code);

// Rounded to nearest, ties to even, saturated. x is no NaN.
unsigned encode(CodeType type, float x);

// Elements with few bits, and scales that blocks of them share.
struct BlockFormat {
  std::string name;
  CodeType element = CodeType::e4m3;
  ScaleType scale = ScaleType::fp32;
  std::int64_t block_rows = 1;  // rows (output channels, tokens) per scale; 0: all
  std::int64_t block_k = 0;     // k per scale; 0: all
  bool tensor_scale = false;    // and one fp32 scale over everything

  double bits_per_element(std::int64_t rows, std::int64_t k) const;  // scales included
};

// fp8_e4m3-tensor, -row, -1x128, -128x128: Micikevicius et al., arXiv 2209.05433; the last two as
//   activations and weights of DeepSeek-V3, arXiv 2412.19437, section 3.3. fp8_e5m2-tensor, -row.
// nvfp4: e2m1 in blocks of 16, e4m3 scales, fp32 tensor scale: NVIDIA, "Pretraining Large Language
//   Models with NVFP4", arXiv 2509.25149. int4-gG, int2-gG: groups of G k, fp16 scales.
// mxfp4, mxfp8: blocks of 32 with power-of-two scales, 2^(floor(log2(largest)) - largest exponent
// of
//   the element): OCP Microscaling Formats (MX) Specification 1.0.
const std::vector<BlockFormat>& block_formats();

// By name. Throws Error, with the nearest names, for one that does not exist.
const BlockFormat& block_format(std::string_view name);

struct QuantisedBlocks {
  BlockFormat format;
  std::int64_t rows = 0, k = 0;
  std::vector<std::uint8_t> codes;  // [rows, k], one per byte
  std::vector<float> scale;         // [row blocks, k blocks], representable in the scale's type
  float tensor_scale = 1;

  std::int64_t k_blocks() const;
  std::int64_t scale_of(std::int64_t row, std::int64_t column) const;  // index into scale
};

// The tensor scale of a matrix with this largest magnitude: block scales then end at 448. 1 for
// formats without one.
float tensor_scale(const BlockFormat& format, float largest_magnitude);

// value = tensor scale * scale * element. Scales are rounded to their type before use; a scale that
// would be below 2^-100 is 0, and so is its block, so that no dequantised value is denormal. int2
// takes the scale with the least squared error of 13 between a quarter and all of the block's
// range: scaled to the largest element, most of a block would share the two codes next to zero.
QuantisedBlocks quantise_blocks(const BlockFormat& format, std::span<const float> matrix,
                                std::int64_t k, float tensor_scale = 1);
std::vector<float> dequantise(const QuantisedBlocks& q);

// For formats with one scale for all: the same with a scale that was found before.
QuantisedBlocks quantise_with_scale(const BlockFormat& format, std::span<const float> matrix,
                                    std::int64_t k, float scale);

// One row quantised and dequantised in place, as kernels do it to activations: the same values as
// dequantise(quantise_blocks(...)). For formats whose blocks are of one row, or of one given scale
// for all: then `scale` is that scale and the row saturates beyond it.
void round_row(const BlockFormat& format, std::span<float> row, float tensor_scale = 1);
void round_row_with_scale(CodeType element, std::span<float> row, float scale);

}  // namespace inferbench
