#include "kernels/quant/blocks.hpp"

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <iterator>

#include "harness/base/error.hpp"
#include "kernels/cpu/convert.hpp"

namespace inferbench {
namespace {

using E2m1 = NarrowFloat<2, 1, 0x7, 0x7, 0x7>;  // every code is a number

constexpr float kLeastScale = 0x1p-100F;

std::size_t size(std::int64_t x) {
  return static_cast<std::size_t>(x);
}

// Nearest value of a narrow float, for magnitudes that fp32 holds as normal numbers or that round
// to zero. Branches become selects, so that loops over it are vectorised.
template <int kMantissa, int kLeastExponent>
float nearest_float(float x, float most) {
  constexpr unsigned kDropped = 23 - kMantissa;
  // Adding 2^23 steps of the narrow format's denormals leaves whole steps.
  constexpr float kSteps = static_cast<float>(1U << 23U) / static_cast<float>(1U << kMantissa) *
                           (kLeastExponent < 0 ? 1.0F / static_cast<float>(1U << -kLeastExponent)
                                               : static_cast<float>(1U << kLeastExponent));
  constexpr float kLeastNormal = kLeastExponent < 0
                                     ? 1.0F / static_cast<float>(1U << -kLeastExponent)
                                     : static_cast<float>(1U << kLeastExponent);
  const auto bits = std::bit_cast<std::uint32_t>(x);
  const std::uint32_t magnitude_bits = bits & 0x7FFFFFFFU;
  const float magnitude = std::bit_cast<float>(magnitude_bits);
  const std::uint32_t even = (magnitude_bits >> kDropped) & 1U;
  const std::uint32_t carried = magnitude_bits + ((1U << (kDropped - 1U)) - 1U) + even;
  const float normal = std::bit_cast<float>(carried & ~((1U << kDropped) - 1U));
  const float small = (magnitude + kSteps) - kSteps;
  const float rounded = magnitude < kLeastNormal ? small : normal;
  const float kept = rounded < most ? rounded : most;
  return std::bit_cast<float>(std::bit_cast<std::uint32_t>(kept) | (bits & 0x80000000U));
}

float nearest_integer(float x, float least, float most) {
  constexpr float kWhole = 0x1.8p23F;  // sums with it are whole, and ties go to even
  const float kept = std::min(std::max(x, least), most);
  return (kept + kWhole) - kWhole;
}

template <class Nearest>
void round_each(const float* from, std::int64_t n, float factor, float step, float* to,
                Nearest nearest) {
  for (std::int64_t i = 0; i < n; ++i) to[i] = nearest(from[i] * factor) * step;
}

// to = step * nearest element to from * factor.
void round_elements(CodeType type, const float* from, std::int64_t n, float factor, float step,
                    float* to) {
  switch (type) {
    case CodeType::e4m3:
      return round_each(from, n, factor, step, to,
                        [](float x) { return nearest_float<3, -6>(x, 448.0F); });
    case CodeType::e5m2:
      return round_each(from, n, factor, step, to,
                        [](float x) { return nearest_float<2, -14>(x, 57344.0F); });
    case CodeType::e2m1:
      return round_each(from, n, factor, step, to,
                        [](float x) { return nearest_float<1, 0>(x, 6.0F); });
    case CodeType::int8:
      return round_each(from, n, factor, step, to,
                        [](float x) { return nearest_integer(x, -127.0F, 127.0F); });
    case CodeType::int4:
      return round_each(from, n, factor, step, to,
                        [](float x) { return nearest_integer(x, -8.0F, 7.0F); });
    case CodeType::int2:
      return round_each(from, n, factor, step, to, [](float x) {
        return std::min(std::max(std::floor(x), -2.0F), 1.0F) + 0.5F;
      });
  }
}

float largest_magnitude(const float* x, std::int64_t n) {
  float most = 0;
  for (std::int64_t i = 0; i < n; ++i) most = std::max(most, std::abs(x[i]));
  return most;
}

// The exponent of the largest element: what MX scales leave out.
int largest_exponent(CodeType type) {
  return std::ilogb(largest(type));
}

float rounded_scale(const BlockFormat& f, float most, float whole) {
  const float exact = most / largest(f.element) / whole;
  switch (f.scale) {
    case ScaleType::fp32:
      return exact;
    case ScaleType::fp16:
      return fp16_to_float(float_to_fp16(std::min(exact, 65504.0F)));
    case ScaleType::e4m3:
      return e4m3_to_float(float_to_e4m3(exact));
    case ScaleType::e8m0:
      return std::ldexp(1.0F, std::max(std::ilogb(most) - largest_exponent(f.element), -100));
  }
  return 0;
}

// Step between an element of 1 and of 2, and what values are multiplied with to become elements.
struct Grid {
  float scale = 0, step = 0, factor = 0;
};

Grid grid_of(float scale, float whole) {
  const float step = scale * whole;
  if (!(step >= kLeastScale)) return {};
  return {.scale = scale, .step = step, .factor = 1.0F / step};
}

Grid fit(const BlockFormat& f, float most, float whole) {
  if (!(most >= kLeastScale) || !(whole > 0)) return {};
  return grid_of(rounded_scale(f, most, whole), whole);
}

double squared_error(const float* x, std::int64_t n, const Grid& g, CodeType type) {
  std::array<float, 128> back;
  double error = 0;
  for (std::int64_t from = 0; from < n; from += std::ssize(back)) {
    const std::int64_t size = std::min<std::int64_t>(std::ssize(back), n - from);
    round_elements(type, x + from, size, g.factor, g.step, back.data());
    for (std::int64_t i = 0; i < size; ++i) {
      const double d = static_cast<double>(back[static_cast<std::size_t>(i)] - x[from + i]);
      error += d * d;
    }
  }
  return error;
}

Grid fit_least_squares(const BlockFormat& f, const float* x, std::int64_t n, float whole) {
  const float most = largest_magnitude(x, n);
  Grid best = fit(f, most, whole);
  double least = squared_error(x, n, best, f.element);
  for (int sixteenths = 4; sixteenths < 16; ++sixteenths) {
    const Grid g = fit(f, most * static_cast<float>(sixteenths) / 16.0F, whole);
    const double error = squared_error(x, n, g, f.element);
    if (error < least) best = g, least = error;
  }
  return best;
}

// One block of `rows` by `columns` at `x`, rows `stride` apart.
Grid fit_block(const BlockFormat& f, const float* x, std::int64_t rows, std::int64_t columns,
               std::int64_t stride, float whole) {
  if (f.element == CodeType::int2) return fit_least_squares(f, x, columns, whole);
  float most = 0;
  for (std::int64_t r = 0; r < rows; ++r) {
    most = std::max(most, largest_magnitude(x + r * stride, columns));
  }
  return fit(f, most, whole);
}

std::vector<BlockFormat> make_formats() {
  using enum CodeType;
  std::vector<BlockFormat> f = {
      {.name = "fp8_e4m3-tensor", .element = e4m3, .block_rows = 0},
      {.name = "fp8_e4m3-row", .element = e4m3},
      {.name = "fp8_e4m3-1x128", .element = e4m3, .block_k = 128},
      {.name = "fp8_e4m3-128x128", .element = e4m3, .block_rows = 128, .block_k = 128},
      {.name = "fp8_e5m2-tensor", .element = e5m2, .block_rows = 0},
      {.name = "fp8_e5m2-row", .element = e5m2},
      {.name = "mxfp8", .element = e4m3, .scale = ScaleType::e8m0, .block_k = 32},
      {.name = "nvfp4",
       .element = e2m1,
       .scale = ScaleType::e4m3,
       .block_k = 16,
       .tensor_scale = true},
      {.name = "mxfp4", .element = e2m1, .scale = ScaleType::e8m0, .block_k = 32},
      {.name = "int8-row", .element = int8},
  };
  for (const int group : {32, 64, 128}) {
    const std::string g = "-g" + std::to_string(group);
    f.push_back({.name = "int4" + g, .element = int4, .scale = ScaleType::fp16, .block_k = group});
    f.push_back({.name = "int2" + g, .element = int2, .scale = ScaleType::fp16, .block_k = group});
  }
  return f;
}

std::int64_t blocks(std::int64_t n, std::int64_t block) {
  return block == 0 ? 1 : (n + block - 1) / block;
}

}  // namespace

int bits(CodeType type) {
  switch (type) {
    case CodeType::e4m3:
    case CodeType::e5m2:
    case CodeType::int8:
      return 8;
    case CodeType::e2m1:
    case CodeType::int4:
      return 4;
    case CodeType::int2:
      return 2;
  }
  return 0;
}

int bits(ScaleType type) {
  if (type == ScaleType::fp32) return 32;
  return type == ScaleType::fp16 ? 16 : 8;
}

float largest(CodeType type) {
  switch (type) {
    case CodeType::e4m3:
      return 448.0F;
    case CodeType::e5m2:
      return 57344.0F;
    case CodeType::e2m1:
      return 6.0F;
    case CodeType::int8:
      return 127.0F;
    case CodeType::int4:
      return 7.0F;
    case CodeType::int2:
      return 1.5F;
  }
  return 0;
}

float decode(CodeType type, unsigned code) {
  switch (type) {
    case CodeType::e4m3:
      return E4m3::decode(code);
    case CodeType::e5m2:
      return E5m2::decode(code);
    case CodeType::e2m1:
      return E2m1::decode(code);
    case CodeType::int8:
      return static_cast<float>(static_cast<std::int8_t>(code));
    case CodeType::int4:
      return static_cast<float>(code) - 8.0F;
    case CodeType::int2:
      return static_cast<float>(code) - 1.5F;
  }
  return 0;
}

unsigned encode(CodeType type, float x) {
  float nearest = 0;
  switch (type) {
    case CodeType::e4m3:
      return E4m3::encode(x, 0x7E);
    case CodeType::e5m2:
      return E5m2::encode(x, 0x7B);
    case CodeType::e2m1:
      return E2m1::encode(x, 0x7);
    default:
      round_elements(type, &x, 1, 1.0F, 1.0F, &nearest);
  }
  if (type == CodeType::int8) {
    return static_cast<std::uint8_t>(static_cast<std::int8_t>(nearest));
  }
  return static_cast<unsigned>(nearest + (type == CodeType::int4 ? 8.0F : 1.5F));
}

double BlockFormat::bits_per_element(std::int64_t rows, std::int64_t k) const {
  const double scales = static_cast<double>(blocks(rows, block_rows) * blocks(k, block_k));
  const double all = scales * bits(scale) + (tensor_scale ? 32 : 0);
  return bits(element) + all / static_cast<double>(rows * k);
}

const std::vector<BlockFormat>& block_formats() {
  static const std::vector<BlockFormat> formats = make_formats();
  return formats;
}

const BlockFormat& block_format(std::string_view name) {
  std::vector<std::string> known;
  for (const BlockFormat& f : block_formats()) {
    if (f.name == name) return f;
    known.push_back(f.name);
  }
  throw unknown_name("quantisation", "format", name, known);
}

std::int64_t QuantisedBlocks::k_blocks() const {
  return blocks(k, format.block_k);
}

std::int64_t QuantisedBlocks::scale_of(std::int64_t row, std::int64_t column) const {
  const std::int64_t down = format.block_rows == 0 ? 0 : row / format.block_rows;
  const std::int64_t along = format.block_k == 0 ? 0 : column / format.block_k;
  return down * k_blocks() + along;
}

float tensor_scale(const BlockFormat& f, float most) {
  if (!f.tensor_scale) return 1;
  const float scale = most / (largest(f.element) * 448.0F);
  return scale >= kLeastScale ? scale : 0;
}

namespace {

QuantisedBlocks empty_blocks(const BlockFormat& f, std::span<const float> matrix, std::int64_t k,
                             float whole) {
  ensure(k > 0 && matrix.size() % size(k) == 0, "a matrix has whole rows");
  QuantisedBlocks q;
  q.format = f;
  q.k = k, q.rows = static_cast<std::int64_t>(matrix.size()) / k;
  q.codes.resize(matrix.size());
  q.tensor_scale = whole;
  return q;
}

// Codes of `columns` elements from `at` on.
void encode_run(QuantisedBlocks& q, const float* matrix, std::size_t at, std::int64_t columns,
                const Grid& g, std::vector<float>& rounded) {
  rounded.resize(size(columns));
  round_elements(q.format.element, matrix + at, columns, g.factor, 1.0F, rounded.data());
  for (std::size_t c = 0; c < rounded.size(); ++c) {
    q.codes[at + c] = static_cast<std::uint8_t>(encode(q.format.element, rounded[c]));
  }
}

}  // namespace

QuantisedBlocks quantise_blocks(const BlockFormat& f, std::span<const float> matrix, std::int64_t k,
                                float whole) {
  QuantisedBlocks q = empty_blocks(f, matrix, k, whole);
  const std::int64_t height = f.block_rows == 0 ? q.rows : f.block_rows;
  const std::int64_t width = f.block_k == 0 ? k : f.block_k;
  std::vector<float> rounded;
  for (std::int64_t row = 0; row < q.rows; row += height) {
    const std::int64_t rows = std::min(height, q.rows - row);
    for (std::int64_t column = 0; column < k; column += width) {
      const std::int64_t columns = std::min(width, k - column);
      const Grid g = fit_block(f, matrix.data() + row * k + column, rows, columns, k, whole);
      q.scale.push_back(g.scale);
      for (std::int64_t r = row; r < row + rows; ++r) {
        encode_run(q, matrix.data(), size(r * k + column), columns, g, rounded);
      }
    }
  }
  return q;
}

QuantisedBlocks quantise_with_scale(const BlockFormat& f, std::span<const float> matrix,
                                    std::int64_t k, float scale) {
  QuantisedBlocks q = empty_blocks(f, matrix, k, 1);
  const Grid g = grid_of(scale, 1);
  q.scale = {g.scale};
  std::vector<float> rounded;
  for (std::int64_t r = 0; r < q.rows; ++r) {
    encode_run(q, matrix.data(), size(r * k), k, g, rounded);
  }
  return q;
}

std::vector<float> dequantise(const QuantisedBlocks& q) {
  std::vector<float> out(q.codes.size());
  for (std::int64_t row = 0; row < q.rows; ++row) {
    for (std::int64_t column = 0; column < q.k; ++column) {
      const std::size_t at = size(row * q.k + column);
      const float step = q.scale[size(q.scale_of(row, column))] * q.tensor_scale;
      out[at] = decode(q.format.element, q.codes[at]) * step;
    }
  }
  return out;
}

void round_row(const BlockFormat& f, std::span<float> row, float whole) {
  const auto k = static_cast<std::int64_t>(row.size());
  const std::int64_t width = f.block_k == 0 ? k : f.block_k;
  for (std::int64_t at = 0; at < k; at += width) {
    const std::int64_t columns = std::min(width, k - at);
    float* x = row.data() + at;
    const Grid g = fit_block(f, x, 1, columns, k, whole);
    round_elements(f.element, x, columns, g.factor, g.step, x);
  }
}

void round_row_with_scale(CodeType element, std::span<float> row, float scale) {
  const Grid g = grid_of(scale, 1);
  round_elements(element, row.data(), static_cast<std::int64_t>(row.size()), g.factor, g.step,
                 row.data());
}

}  // namespace inferbench
