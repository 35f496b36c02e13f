#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <vector>

#include "kernels/gemm/format.hpp"
#include "kernels/quant/quantise.hpp"
#include "kernels/quant/sparse24.hpp"

namespace inferbench {

// Weights of a linear layer, or consecutive rows of them, as their format stores them.
struct GemmWeights {
  const GemmFormat* format = nullptr;
  std::int64_t rows = 0, k = 0;         // rows are output channels
  std::vector<float> values;            // of float formats: representable in the weight type
  std::vector<std::uint16_t> values16;  // the same as bf16 or fp16; empty in fp32
  QuantisedInt8 int8;
  QuantisedInt4 int4;
  QuantisedBlocks coded;
  Sparse24 sparse;
};

// Row `row` of the weights as a checkpoint holds it, into k floats. May be asked several times.
using WeightRows = std::function<void(std::int64_t row, std::span<float> to)>;
WeightRows rows_of(std::span<const float> matrix, std::int64_t k);  // views
WeightRows rows_of_bf16(std::span<const std::uint16_t> matrix, std::int64_t k);

// What quantising any part of a layer must know about all of it, and what its activations are
// quantised with.
struct LayerScales {
  float weight_scale = 1;  // one scale of all weights, or what block scales are relative to
  float in_scale = 1;      // the same of activations
  std::vector<float> smooth, smooth_inverse;  // SmoothQuant: [k]; empty otherwise
};

// Rows a caller quantises together: blocks of scales never reach beyond.
inline constexpr std::int64_t kStripRows = 128;

// Whether a format is computed with scales of activations that must be seen before serving.
bool needs_calibration(const GemmFormat& format);

// `calibration`: activations [any, k] seen before serving; formats with nothing to calibrate take
// none. Throws Error if a format that needs them gets none. Smoothing is kept within 1e-4 .. 1e4,
// so that a channel calibration never saw alive does not overflow.
LayerScales layer_scales(const GemmFormat& format, std::int64_t n, std::int64_t k,
                         const WeightRows& weights, std::span<const float> calibration);

// Quantises rows of weights; round to nearest. fp16 formats saturate at 65,504.
GemmWeights quantise_weights(const GemmFormat& format, const LayerScales& scales,
                             std::vector<float> matrix, std::int64_t k);

// One row of activations in place: from what arrives to what the codes of the format mean.
void round_to_codes(const GemmFormat& format, const LayerScales& scales, std::span<float> row);

// Activations rounded to the format's type, in place; returns them in 16 bit if that has 16.
std::vector<std::uint16_t> round_activations(const GemmFormat& format, std::span<float> values);

}  // namespace inferbench
