#include "kernels/quant/blocks.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <map>

#include "harness/base/error.hpp"
#include "harness/base/random.hpp"
#include "kernels/cpu/fill.hpp"
#include "kernels/quant/errors.hpp"

namespace inferbench {
namespace {

constexpr CodeType kTypes[] = {CodeType::e4m3, CodeType::e5m2, CodeType::e2m1,
                               CodeType::int8, CodeType::int4, CodeType::int2};

unsigned codes_of(CodeType type) {
  return 1U << static_cast<unsigned>(bits(type));
}

std::vector<float> matrix(std::int64_t rows, std::int64_t k, Fill fill) {
  std::vector<float> x(static_cast<std::size_t>(rows * k));
  fill_matrix(x, k, fill, 1.0, 11, "blocks");
  return x;
}

// Decoded from the definition, field by field: (-1)^s * 2^(e - bias) * (1 + m / 2^mantissa), or
// with e = 0: (-1)^s * 2^(1 - bias) * m / 2^mantissa.
double defined(unsigned code, int exponent_bits, int mantissa_bits, int bias) {
  const unsigned m = code % (1U << mantissa_bits);
  const unsigned e = code / (1U << mantissa_bits) % (1U << exponent_bits);
  const double sign = code / (1U << (mantissa_bits + exponent_bits)) == 1 ? -1.0 : 1.0;
  const double fraction = static_cast<double>(m) / std::exp2(mantissa_bits);
  return e == 0 ? sign * std::exp2(1 - bias) * fraction
                : sign * std::exp2(static_cast<double>(e) - bias) * (1 + fraction);
}

TEST(Blocks, EveryFp8CodeIsWhatItsDefinitionSays) {
  for (unsigned code = 0; code < 256; ++code) {
    const unsigned magnitude = code & 0x7FU;
    const double e4m3 = static_cast<double>(decode(CodeType::e4m3, code));
    const double e5m2 = static_cast<double>(decode(CodeType::e5m2, code));
    if (magnitude == 0x7F) {
      EXPECT_TRUE(std::isnan(e4m3));
    } else {
      EXPECT_EQ(e4m3, defined(code, 4, 3, 7)) << code;
    }
    if (magnitude > 0x7C) {
      EXPECT_TRUE(std::isnan(e5m2));
    } else if (magnitude == 0x7C) {
      EXPECT_TRUE(std::isinf(e5m2));
    } else {
      EXPECT_EQ(e5m2, defined(code, 5, 2, 15)) << code;
    }
  }
}

TEST(Blocks, EveryFp4CodeIsWhatTheSpecificationLists) {
  const float listed[16] = {0.0F,  0.5F,  1.0F,  1.5F,  2.0F,  3.0F,  4.0F,  6.0F,
                            -0.0F, -0.5F, -1.0F, -1.5F, -2.0F, -3.0F, -4.0F, -6.0F};
  for (unsigned code = 0; code < 16; ++code) {
    EXPECT_EQ(decode(CodeType::e2m1, code), listed[code]);
    EXPECT_EQ(std::signbit(decode(CodeType::e2m1, code)), code >= 8);
    EXPECT_EQ(encode(CodeType::e2m1, listed[code]), code);
  }
}

TEST(Blocks, EveryNumberSurvivesARoundTrip) {
  for (const CodeType type : kTypes) {
    for (unsigned code = 0; code < codes_of(type); ++code) {
      const float value = decode(type, code);
      if (!std::isfinite(value)) continue;
      if (type == CodeType::int8 && value == -128) continue;  // not used
      EXPECT_EQ(encode(type, value), code);
    }
  }
}

// Ties go to the even mantissa; what lies beyond the largest value becomes it.
TEST(Blocks, Fp4RoundsToNearestEven) {
  const std::map<float, float> expected = {
      {0.25F, 0.0F}, {0.26F, 0.5F}, {0.75F, 1.0F}, {1.25F, 1.0F}, {1.75F, 2.0F},  {2.5F, 2.0F},
      {3.5F, 4.0F},  {5.0F, 4.0F},  {5.01F, 6.0F}, {7.0F, 6.0F},  {100.0F, 6.0F}, {0.0F, 0.0F}};
  for (const auto& [x, nearest] : expected) {
    EXPECT_EQ(decode(CodeType::e2m1, encode(CodeType::e2m1, x)), nearest) << x;
    EXPECT_EQ(decode(CodeType::e2m1, encode(CodeType::e2m1, -x)), -nearest) << x;
  }
}

// No other number of the type is nearer, for random values over many magnitudes, all numbers
// themselves and the middles between them; and the fast rounding of rows is the encoder's.
TEST(Blocks, RoundsToTheNearestNumberThereIs) {
  RandomStream random = Random(9).stream("nearest");
  for (const CodeType type : kTypes) {
    std::vector<float> numbers, x;
    for (unsigned code = 0; code < codes_of(type); ++code) {
      const float value = decode(type, code);
      if (std::isfinite(value) && value >= -128.0F - largest(type)) numbers.push_back(value);
    }
    for (const float a : numbers) {
      x.push_back(a);
      x.push_back(std::nextafter(a * 1.25F, 0.0F)), x.push_back(a * 0.875F + 0.5F);
    }
    for (int i = 0; i < 2000; ++i) {
      const float mantissa = static_cast<float>(random.below(65536)) / 65536.0F - 0.5F;
      x.push_back(std::ldexp(mantissa, static_cast<int>(random.below(40)) - 20));
    }
    std::vector<float> rounded = x;
    round_row_with_scale(type, rounded, 1.0F);
    for (std::size_t i = 0; i < x.size(); ++i) {
      float nearest = HUGE_VALF;
      for (const float a : numbers) {
        if (a < -largest(type) && type == CodeType::int8) continue;  // -128 is not used
        if (std::abs(a - x[i]) < std::abs(nearest - x[i])) nearest = a;
      }
      const float got = decode(type, encode(type, x[i]));
      EXPECT_EQ(std::abs(got - x[i]), std::abs(nearest - x[i])) << bits(type) << " " << x[i];
      EXPECT_EQ(rounded[i], got) << x[i];
    }
  }
}

// Largest magnitude 12 of a tensor: scale 12 / (6 * 448). First block: largest 12, scale 448.
// Second: largest 3, scale 112, and 1 becomes 1 / (112 * 12 / 2688) = 2 of 6.
TEST(Blocks, Nvfp4ByHand) {
  std::vector<float> x(32, 0.0F);
  x[0] = 12.0F, x[1] = -1.0F, x[2] = 4.9F;
  x[16] = 3.0F, x[17] = 1.0F, x[18] = -0.74F;
  const BlockFormat& f = block_format("nvfp4");
  const float whole = tensor_scale(f, 12.0F);
  EXPECT_EQ(whole, 12.0F / 2688.0F);
  const QuantisedBlocks q = quantise_blocks(f, x, 32, whole);
  EXPECT_EQ(q.scale, (std::vector<float>{448.0F, 112.0F}));
  EXPECT_EQ(q.codes[0], 7);       // 6
  EXPECT_EQ(q.codes[1], 8 + 1);   // -0.5
  EXPECT_EQ(q.codes[2], 4);       // 2.45 is nearest to 2
  EXPECT_EQ(q.codes[16], 7);      // 6
  EXPECT_EQ(q.codes[17], 4);      // 2
  EXPECT_EQ(q.codes[18], 8 + 3);  // -1.48 is nearest to -1.5
  EXPECT_NEAR(static_cast<double>(dequantise(q)[17]), 1.0, 1e-6);
  EXPECT_DOUBLE_EQ(f.bits_per_element(1, 32), 4 + 2 * 8.0 / 32 + 1);
}

// Largest 5: floor(log2(5)) = 2, less 2 of the element: scale 1. 7.9 would saturate at 6.
TEST(Blocks, Mxfp4ByHand) {
  std::vector<float> x(64, 0.0F);
  x[0] = 5.0F, x[1] = 3.4F, x[2] = -0.3F;
  x[32] = 7.9F, x[33] = 0.01F;
  const QuantisedBlocks q = quantise_blocks(block_format("mxfp4"), x, 64);
  EXPECT_EQ(q.scale, (std::vector<float>{1.0F, 1.0F}));
  const std::vector<float> back = dequantise(q);
  EXPECT_EQ(back[0], 4.0F);
  EXPECT_EQ(back[1], 3.0F);
  EXPECT_EQ(back[2], -0.5F);
  EXPECT_EQ(back[32], 6.0F);
  EXPECT_EQ(back[33], 0.0F);
  EXPECT_DOUBLE_EQ(q.format.bits_per_element(1, 64), 4.25);
}

// A large value spoils its own block and no other.
TEST(Blocks, ScalesReachAsFarAsTheirBlock) {
  std::vector<float> x = matrix(300, 300, Fill::normal);
  const BlockFormat& f = block_format("fp8_e4m3-128x128");
  const QuantisedBlocks before = quantise_blocks(f, x, 300);
  ASSERT_EQ(before.scale.size(), 9U);
  x[200 * 300 + 130] = 1000.0F;
  const QuantisedBlocks after = quantise_blocks(f, x, 300);
  EXPECT_EQ(after.scale_of(200, 130), 4);
  for (std::size_t i = 0; i < 9; ++i) {
    EXPECT_EQ(after.scale[i], i == 4 ? 1000.0F / 448.0F : before.scale[i]);
  }
}

TEST(Blocks, RowsRoundAsWholeMatricesDo) {
  for (const BlockFormat& f : block_formats()) {
    if (f.block_rows != 1) continue;
    for (const Fill fill : {Fill::normal, Fill::outliers, Fill::extreme}) {
      const std::vector<float> x = matrix(1, 333, fill);
      const float whole = tensor_scale(f, *std::max_element(x.begin(), x.end()));
      std::vector<float> row = x;
      round_row(f, row, whole);
      EXPECT_EQ(row, dequantise(quantise_blocks(f, x, 333, whole))) << f.name;
    }
  }
}

TEST(Blocks, NothingBecomesDenormalOrInfinite) {
  for (const BlockFormat& f : block_formats()) {
    std::vector<float> x = matrix(3, 200, Fill::extreme);
    std::fill(x.begin() + 200, x.begin() + 400, 0.0F);
    for (const float v : dequantise(quantise_blocks(f, x, 200, tensor_scale(f, 1e16F)))) {
      EXPECT_TRUE(v == 0 || std::isnormal(v)) << f.name << " " << v;
    }
  }
}

// SQNR by bits: 8 bit floats keep 3 mantissa bits (near 31.5 dB) or 2 (6 dB less), each int4 grid
// gains as groups shrink, and blocks confine outliers.
TEST(Blocks, ErrorTableOrdersAsItShould) {
  std::map<std::pair<std::string, Fill>, QuantErrorRow> table;
  for (QuantErrorRow& r : quantisation_errors(128, 1024)) table[{r.format, r.fill}] = r;
  const auto sqnr = [&](const char* format, Fill fill = Fill::normal) {
    return table.at({format, fill}).error.sqnr_db;
  };
  EXPECT_EQ(table.size(), 2 * (block_formats().size() + 3));
  EXPECT_NEAR(sqnr("fp8_e4m3-row"), 31.5, 0.5);
  EXPECT_NEAR(sqnr("fp8_e4m3-row") - sqnr("fp8_e5m2-row"), 6.0, 0.3);
  EXPECT_GT(sqnr("int8-row"), sqnr("fp8_e4m3-row"));
  EXPECT_GT(sqnr("nvfp4"), sqnr("mxfp4"));
  EXPECT_GT(sqnr("int4-g32"), sqnr("int4-g64"));
  EXPECT_GT(sqnr("int4-g64"), sqnr("int4-g128"));
  EXPECT_GT(sqnr("int4-g128-zp"), sqnr("int4-g128"));
  EXPECT_GT(sqnr("int4-g128"), sqnr("int2-g32") + 6);
  EXPECT_GT(sqnr("fp8_e4m3-row", Fill::outliers), sqnr("int8-row", Fill::outliers));
  const auto inlier = [&](const char* format) {
    return table.at({format, Fill::outliers}).inlier_sqnr_db;
  };
  EXPECT_GT(inlier("nvfp4"), inlier("int4-g32"));
  EXPECT_GT(inlier("int4-g32"), inlier("int4-g128"));
}

TEST(Blocks, UnknownNamesAreErrors) {
  EXPECT_THROW(block_format("nvfp5"), Error);
}

}  // namespace
}  // namespace inferbench
