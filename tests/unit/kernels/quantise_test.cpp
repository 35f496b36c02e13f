#include "kernels/quant/quantise.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "kernels/cpu/convert.hpp"
#include "kernels/cpu/features.hpp"
#include "kernels/cpu/fill.hpp"
#include "kernels/gemm/rows.hpp"

namespace inferbench {
namespace {

std::vector<float> matrix(std::int64_t rows, std::int64_t k, Fill fill) {
  std::vector<float> x(static_cast<std::size_t>(rows * k));
  fill_matrix(x, k, fill, 1.0, 7, "quantise");
  return x;
}

// Largest magnitude 2 becomes 127: steps of 2/127.
TEST(Quantise, Int8ByHand) {
  const std::vector<float> x = {2.0F, -2.0F, 1.0F, 0.0F, 0.0F, 0.0F, 0.0F, 0.0F};
  const QuantisedInt8 q = quantise_int8(x, 4);
  EXPECT_EQ(q.values, (std::vector<std::int8_t>{127, -127, 64, 0, 0, 0, 0, 0}));
  EXPECT_FLOAT_EQ(q.scale[0], 2.0F / 127.0F);
  EXPECT_EQ(q.scale[1], 0.0F);
}

// 0 .. 15 in steps of 1 is a grid of its own with zero points; without, the step is 15/7.
TEST(Quantise, Int4ByHand) {
  std::vector<float> x(16);
  for (std::size_t i = 0; i < 16; ++i) x[i] = static_cast<float>(i);
  const QuantisedInt4 zero_points = quantise_int4(x, 16, 16, true);
  EXPECT_EQ(dequantise(zero_points), x);
  const QuantisedInt4 symmetric = quantise_int4(x, 16, 16, false);
  EXPECT_EQ(symmetric.zero[0], 8);
  EXPECT_EQ(symmetric.values[15], 15);
  EXPECT_NEAR(static_cast<double>(dequantise(symmetric)[15]), 15.0, 0.01);
}

TEST(Quantise, NoElementIsOffByMoreThanHalfAStep) {
  for (const Fill fill : {Fill::normal, Fill::outliers}) {
    const std::vector<float> x = matrix(6, 200, fill);
    const QuantisedInt8 q = quantise_int8(x, 200);
    const std::vector<float> back = dequantise(q);
    for (std::size_t i = 0; i < x.size(); ++i) {
      EXPECT_LE(std::abs(back[i] - x[i]), q.scale[i / 200] * 0.5001F);
    }
    const QuantisedInt4 four = quantise_int4(x, 200, 32, true);
    const std::vector<float> back4 = dequantise(four);
    for (std::size_t i = 0; i < x.size(); ++i) {
      // Zero point and fp16 scale are rounded too: up to one step at the ends of the range.
      EXPECT_LE(std::abs(back4[i] - x[i]), four.scale[i / 200 * 7 + i % 200 / 32] * 1.02F);
    }
  }
}

// 6.02 dB per bit, less what the peak of the distribution costs.
TEST(Quantise, ErrorsOrderAsTheyShould) {
  const std::vector<float> normal = matrix(64, 512, Fill::normal);
  const std::vector<float> outliers = matrix(64, 512, Fill::outliers);
  const auto sqnr4 = [](const std::vector<float>& x, std::int64_t group, bool zp) {
    return quantisation_error(x, dequantise(quantise_int4(x, 512, group, zp))).sqnr_db;
  };
  const auto sqnr8 = [](const std::vector<float>& x) {
    return quantisation_error(x, dequantise(quantise_int8(x, 512))).sqnr_db;
  };
  EXPECT_GT(sqnr8(normal), 40.0);
  EXPECT_GT(sqnr8(normal), sqnr4(normal, 32, false) + 15);
  EXPECT_GT(sqnr4(normal, 32, false), sqnr4(normal, 64, false));
  EXPECT_GT(sqnr4(normal, 64, false), sqnr4(normal, 128, false));
  EXPECT_GT(sqnr4(normal, 128, true), sqnr4(normal, 128, false));
  // One outlier channel spoils whole rows; groups confine it.
  std::vector<float> small_part, small_back;
  const std::vector<float> back = dequantise(quantise_int8(outliers, 512));
  for (std::size_t i = 0; i < outliers.size(); ++i) {
    if (i % 64 == 32) continue;
    small_part.push_back(outliers[i]);
    small_back.push_back(back[i]);
  }
  EXPECT_LT(quantisation_error(small_part, small_back).sqnr_db, sqnr8(normal) - 15);
}

TEST(Quantise, ErrorByHand) {
  const std::vector<float> exact = {1.0F, -2.0F, 2.0F}, approximate = {1.0F, -2.5F, 2.0F};
  const QuantisationError e = quantisation_error(exact, approximate);
  EXPECT_DOUBLE_EQ(e.mean_square, 0.25 / 3);
  EXPECT_DOUBLE_EQ(e.largest, 0.5);
  EXPECT_NEAR(e.sqnr_db, 10 * std::log10(9.0 / 0.25), 1e-12);
  EXPECT_TRUE(std::isinf(quantisation_error(exact, exact).sqnr_db));
}

// (x / s) (w s) = x w, and with outlier channels the int8 product is nearer to the exact one.
TEST(SmoothQuant, KeepsTheProductAndLowersItsErrorWithOutliers) {
  constexpr std::int64_t kTokens = 32, kOut = 48, kIn = 256;
  std::vector<float> x = matrix(kTokens, kIn, Fill::outliers), w = matrix(kOut, kIn, Fill::normal);
  const auto product = [&](const std::vector<float>& a, const std::vector<float>& b) {
    std::vector<float> out;
    for (std::int64_t i = 0; i < kTokens; ++i) {
      for (std::int64_t j = 0; j < kOut; ++j) {
        double sum = 0;
        for (std::int64_t k = 0; k < kIn; ++k) {
          sum += static_cast<double>(a[static_cast<std::size_t>(i * kIn + k)]) *
                 static_cast<double>(b[static_cast<std::size_t>(j * kIn + k)]);
        }
        out.push_back(static_cast<float>(sum));
      }
    }
    return out;
  };
  const auto int8_product = [&] {
    return product(dequantise(quantise_int8(x, kIn)), dequantise(quantise_int8(w, kIn)));
  };
  const std::vector<float> exact = product(x, w);
  const double before = quantisation_error(exact, int8_product()).sqnr_db;
  const std::vector<float> s = smoothing_scales(x, w, kIn);
  smooth_activations(x, s);
  smooth_weights(w, s);
  EXPECT_GT(quantisation_error(exact, product(x, w)).sqnr_db, 120.0);
  EXPECT_GT(quantisation_error(exact, int8_product()).sqnr_db, before + 6);
}

TEST(Quantise, KernelsQuantiseActivationsToTheSameIntegers) {
  for (const Isa level : {Isa::portable, Isa::avx2}) {
    if (!supports(level).ok) continue;
    const RowKernels& kernels = row_kernels(level);
    for (const std::int64_t k : {1, 15, 16, 37, 512}) {
      for (const Fill fill : {Fill::normal, Fill::outliers, Fill::extreme}) {
        const std::vector<float> x = matrix(1, k, fill);
        const QuantisedInt8 expected = quantise_int8(x, k);
        std::vector<std::byte> out(static_cast<std::size_t>(k) * 2);
        EXPECT_EQ(kernels.quantise(x.data(), k, TileSet::Activations::s8, 127, out.data()),
                  expected.scale[0]);
        for (std::size_t i = 0; i < x.size(); ++i) {
          EXPECT_EQ(static_cast<std::int8_t>(out[i]), expected.values[i]);
        }
        kernels.quantise(x.data(), k, TileSet::Activations::u8, 127, out.data());
        for (std::size_t i = 0; i < x.size(); ++i) {
          EXPECT_EQ(static_cast<int>(out[i]) - 128, expected.values[i]);
        }
      }
    }
  }
}

// float_to_bf16 and float_to_fp16 are the reference; fp16 saturates.
TEST(Quantise, KernelsNarrowActivationsAsTheConversionsDo) {
  for (const Isa level : {Isa::portable, Isa::avx2}) {
    if (!supports(level).ok) continue;
    for (const Fill fill : {Fill::normal, Fill::extreme}) {
      const std::vector<float> x = matrix(1, 1003, fill);
      std::vector<std::uint16_t> bf16(x.size()), fp16(x.size());
      row_kernels(level).narrow_bf16(x.data(), 1003, bf16.data());
      row_kernels(level).narrow_fp16(x.data(), 1003, fp16.data());
      for (std::size_t i = 0; i < x.size(); ++i) {
        EXPECT_EQ(bf16[i], float_to_bf16(x[i]));
        EXPECT_EQ(fp16[i], float_to_fp16(std::clamp(x[i], -65504.0F, 65504.0F)));
      }
    }
  }
}

}  // namespace
}  // namespace inferbench
