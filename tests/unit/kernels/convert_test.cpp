#include "kernels/cpu/convert.hpp"

#include <gtest/gtest.h>

#include <limits>
#include <vector>

#include "harness/base/random.hpp"
#include "kernels/cpu/features.hpp"
#include "kernels/gemm/rows.hpp"

namespace inferbench {
namespace {

// A narrow format by its two functions and its largest finite code.
struct Narrow {
  const char* name;
  unsigned largest;
  float (*decode)(unsigned);
  unsigned (*encode)(float);
  bool saturates;
};

const Narrow kFormats[] = {
    {"bf16", 0x7F7F, [](unsigned c) { return bf16_to_float(static_cast<std::uint16_t>(c)); },
     [](float x) { return static_cast<unsigned>(float_to_bf16(x)); }, false},
    {"fp16", 0x7BFF, [](unsigned c) { return fp16_to_float(static_cast<std::uint16_t>(c)); },
     [](float x) { return static_cast<unsigned>(float_to_fp16(x)); }, false},
    {"e4m3", 0x7E, [](unsigned c) { return e4m3_to_float(static_cast<std::uint8_t>(c)); },
     [](float x) { return static_cast<unsigned>(float_to_e4m3(x)); }, true},
    {"e5m2", 0x7B, [](unsigned c) { return e5m2_to_float(static_cast<std::uint8_t>(c)); },
     [](float x) { return static_cast<unsigned>(float_to_e5m2(x)); }, true},
};

TEST(Convert, EveryFiniteCodeSurvivesARoundTrip) {
  for (const Narrow& f : kFormats) {
    for (unsigned code = 0; code <= f.largest; ++code) {
      ASSERT_EQ(f.encode(f.decode(code)), code) << f.name;
      const unsigned sign = f.largest > 0xFF ? 0x8000 : 0x80;
      ASSERT_EQ(f.encode(-f.decode(code)), code | sign) << f.name;
    }
  }
}

// Between each two neighbours: the middle goes to the even code, a hair beside it to the nearer.
TEST(Convert, RoundsToNearestTiesToEven) {
  for (const Narrow& f : kFormats) {
    for (unsigned code = 0; code < f.largest; ++code) {
      const double low = static_cast<double>(f.decode(code));
      const double high = static_cast<double>(f.decode(code + 1));
      ASSERT_LT(low, high) << f.name << " " << code;
      const float middle = static_cast<float>((low + high) / 2);
      if (static_cast<double>(middle) != (low + high) / 2) continue;  // bf16's denormals: not fp32
      ASSERT_EQ(f.encode(middle), code % 2 == 0 ? code : code + 1) << f.name << " " << code;
      ASSERT_EQ(f.encode(std::nextafter(middle, 0.0F)), code) << f.name << " " << code;
      ASSERT_EQ(f.encode(std::nextafter(middle, HUGE_VALF)), code + 1) << f.name << " " << code;
    }
  }
}

TEST(Convert, BeyondTheLargestValue) {
  EXPECT_EQ(float_to_fp16(65520.0F), 0x7C00);  // the middle between 65,504 and 65,536
  EXPECT_EQ(float_to_fp16(65519.9F), 0x7BFF);
  EXPECT_EQ(float_to_bf16(3.4e38F), 0x7F80);
  EXPECT_EQ(float_to_e4m3(1e9F), 0x7E);
  EXPECT_EQ(float_to_e4m3(-HUGE_VALF), 0xFE);
  EXPECT_EQ(float_to_e5m2(1e9F), 0x7B);
  EXPECT_EQ(float_to_fp16(HUGE_VALF), 0x7C00);
  EXPECT_EQ(fp16_to_float(0xFC00), -HUGE_VALF);
}

TEST(Convert, NanStaysNan) {
  const float nan = std::numeric_limits<float>::quiet_NaN();
  EXPECT_TRUE(std::isnan(bf16_to_float(float_to_bf16(nan))));
  EXPECT_TRUE(std::isnan(bf16_to_float(float_to_bf16(std::bit_cast<float>(0x7F800001U)))));
  EXPECT_TRUE(std::isnan(fp16_to_float(float_to_fp16(nan))));
  EXPECT_TRUE(std::isnan(e4m3_to_float(float_to_e4m3(nan))));
  EXPECT_TRUE(std::isnan(e5m2_to_float(float_to_e5m2(nan))));
  EXPECT_TRUE(std::isnan(e4m3_to_float(0x7F)));
}

TEST(Convert, KnownValues) {
  EXPECT_EQ(e4m3_to_float(0x7E), 448.0F);
  EXPECT_EQ(e4m3_to_float(0x01), 0x1p-9F);
  EXPECT_EQ(e5m2_to_float(0x7B), 57344.0F);
  EXPECT_EQ(e5m2_to_float(0x01), 0x1p-16F);
  EXPECT_EQ(fp16_to_float(0x0001), 0x1p-24F);
  EXPECT_EQ(fp16_to_float(0x3C00), 1.0F);
  EXPECT_EQ(bf16_to_float(0x3F80), 1.0F);
}

// The processor is the second opinion.
TEST(Convert, HardwareAgreesOnEveryFp16) {
  if (!supports(Isa::avx2).ok) GTEST_SKIP() << supports(Isa::avx2).reason;
  std::vector<std::uint16_t> codes(0x10000);
  for (unsigned c = 0; c < codes.size(); ++c) codes[c] = static_cast<std::uint16_t>(c);
  std::vector<float> wide(codes.size());
  row_kernels(Isa::avx2).widen_fp16(codes.data(), static_cast<std::int64_t>(codes.size()),
                                    wide.data());
  for (const std::uint16_t c : codes) {
    const float own = fp16_to_float(c);
    if (std::isnan(own)) {
      ASSERT_TRUE(std::isnan(wide[c]));
    } else {
      ASSERT_EQ(std::bit_cast<std::uint32_t>(own), std::bit_cast<std::uint32_t>(wide[c])) << c;
    }
  }
  row_kernels(Isa::avx2).widen_bf16(codes.data(), 0x7F80, wide.data());
  for (unsigned c = 0; c < 0x7F80; ++c) {
    ASSERT_EQ(wide[c], bf16_to_float(static_cast<std::uint16_t>(c)));
  }
}

}  // namespace
}  // namespace inferbench
