#pragma once

#include <cstdint>
#include <span>
#include <vector>

namespace inferbench {

// Integers with the scales that give them meaning. Rows are output channels (weights) or tokens
// (activations).
struct QuantisedInt8 {
  std::int64_t rows = 0, k = 0;
  std::vector<std::int8_t> values;  // [rows, k], in [-127, 127]
  std::vector<float> scale;         // [rows]; value = scale * integer
};

// Symmetric, one scale per row: the largest magnitude of a row becomes `largest`, 127 at most. A
// row without a normal number becomes zero.
QuantisedInt8 quantise_int8(std::span<const float> matrix, std::int64_t k, int largest = 127);

// One row of it, as kernels do it: the integers and the scale.
float quantise_row_int8(std::span<const float> row, std::span<std::int8_t> out, int largest = 127);

struct QuantisedInt4 {
  std::int64_t rows = 0, k = 0, group = 0;
  std::vector<std::uint8_t> values;  // [rows, k], in [0, 15], one per byte
  std::vector<float> scale;          // [rows, groups], representable in fp16
  std::vector<std::uint8_t> zero;    // [rows, groups]; value = scale * (integer - zero)
  std::int64_t groups() const { return (k + group - 1) / group; }
};

// Groups of `group` consecutive k share a scale. Without zero points: symmetric around 8, so the
// range is -8 .. 7; with: the group's range, widened to hold 0, over 0 .. 15. The last group may be
// short. Scales are rounded to fp16 before use.
//
// Source: Frantar et al., "GPTQ", arXiv 2210.17323 (grid and groups; rounding here is to nearest).
QuantisedInt4 quantise_int4(std::span<const float> matrix, std::int64_t k, std::int64_t group,
                            bool zero_points);

std::vector<float> dequantise(const QuantisedInt8& q);
std::vector<float> dequantise(const QuantisedInt4& q);

// How far `approximate` is from `exact`.
struct QuantisationError {
  double mean_square = 0;
  double largest = 0;
  double sqnr_db = 0;  // 10 log10(signal power / error power); infinity without error
};
QuantisationError quantisation_error(std::span<const float> exact,
                                     std::span<const float> approximate);

// Moves the difficulty of activations into weights: x / s and w * s multiply to the same, with
// s_j = max|x_j|^alpha / max|w_j|^(1 - alpha) per input channel j. Channels where either is all
// zero keep s = 1.
//
// Source: Xiao et al., "SmoothQuant", arXiv 2211.10438, equation 4.
std::vector<float> smoothing_scales(std::span<const float> activations,
                                    std::span<const float> weights, std::int64_t k,
                                    double alpha = 0.5);

// x[., j] / scales[j]; and w[., j] * scales[j].
void smooth_activations(std::span<float> activations, std::span<const float> scales);
void smooth_weights(std::span<float> weights, std::span<const float> scales);

}  // namespace inferbench
