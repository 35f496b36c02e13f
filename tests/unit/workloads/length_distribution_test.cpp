#include "workloads/synthetic/length_distribution.hpp"

#include <cmath>
#include <map>

#include "tests/unit/workloads/stream_support.hpp"

namespace inferbench {
namespace {

Lengths parse(const std::string& text) {
  return parse_lengths(
      text, LengthKind::input,
      [](std::string_view spec, LengthKind) {
        EXPECT_EQ(spec, "azure:file,with,commas");
        return LengthCounts{{10, 3}, {1000, 1}};
      },
      "isl");
}

struct Moments {
  double mean = 0, stddev = 0;
  std::int64_t min = 1LL << 60, max = 0;
};

Moments moments(const Lengths& lengths, int n = 100'000) {
  const RandomStream stream(5, "lengths");
  Moments result;
  double sum = 0, squares = 0;
  for (int i = 0; i < n; ++i) {
    RandomStream random = stream.at(static_cast<std::uint64_t>(i));
    const std::int64_t value = lengths->sample(random);
    result.min = std::min(result.min, value);
    result.max = std::max(result.max, value);
    sum += static_cast<double>(value);
    squares += static_cast<double>(value) * static_cast<double>(value);
  }
  result.mean = sum / n;
  result.stddev = std::sqrt(squares / n - result.mean * result.mean);
  return result;
}

TEST(LengthDistribution, FixedIsAlwaysTheSame) {
  for (const char* text : {"512", "fixed(512)"}) {
    const Moments m = moments(parse(text), 100);
    EXPECT_EQ(m.min, 512);
    EXPECT_EQ(m.max, 512);
  }
}

TEST(LengthDistribution, UniformReachesBothEndsEvenly) {
  // On {800 .. 1000}: mean 900, variance (201^2 - 1) / 12.
  const Moments m = moments(parse("uniform(800,1000)"));
  EXPECT_EQ(m.min, 800);
  EXPECT_EQ(m.max, 1000);
  EXPECT_NEAR(m.mean, 900, 5 * 58 / std::sqrt(1e5));
  EXPECT_NEAR(m.stddev, std::sqrt((201.0 * 201 - 1) / 12), 0.5);
}

TEST(LengthDistribution, NormalFarFromItsBoundsHasItsMoments) {
  const Moments m = moments(parse("normal(512,128)"));
  EXPECT_NEAR(m.mean, 512, 2.5);
  EXPECT_NEAR(m.stddev, 128, 2);
}

TEST(LengthDistribution, TruncationRedrawsInsteadOfPilingUpAtTheBound) {
  // Half of normal(100, 50) lies below 100. Cut there, the mean is 100 + 50 * sqrt(2 / pi) = 139.9;
  // clipping would give half the mass at 100 and a mean of 119.9.
  const Lengths cut = parse("normal(100,50,100,100000)");
  const Moments m = moments(cut);
  EXPECT_EQ(m.min, 100);
  EXPECT_NEAR(m.mean, 139.9, 0.7);
  EXPECT_NEAR(cut->mean(), m.mean, 0.6);
}

TEST(LengthDistribution, LognormalIsGivenByItsMedian) {
  const Lengths lengths = parse("lognormal(1000,0.8)");
  const Moments m = moments(lengths);
  EXPECT_NEAR(m.mean, 1000 * std::exp(0.32), 20);  // mean = median * exp(sigma^2 / 2)
  const Moments cut = moments(parse("lognormal(1000,0.8,900,1100)"));
  EXPECT_GE(cut.min, 900);
  EXPECT_LE(cut.max, 1100);
}

TEST(LengthDistribution, MixtureWeighsItsParts) {
  const Lengths lengths = parse("mix(3*fixed(10)+1*uniform(50,50))");
  EXPECT_DOUBLE_EQ(lengths->mean(), 20);
  EXPECT_NEAR(moments(lengths).mean, 20, 0.3);
}

TEST(LengthDistribution, EmpiricalDrawsWhatWasCounted) {
  const Lengths lengths = parse("empirical(azure:file,with,commas)");
  EXPECT_DOUBLE_EQ(lengths->mean(), (3 * 10 + 1000) / 4.0);
  const Moments m = moments(lengths);
  EXPECT_NEAR(m.mean, 257.5, 7);
}

TEST(LengthDistribution, EveryDistributionReadsItsOwnText) {
  for (const char* text : {"fixed(7)", "uniform(1,9)", "normal(100,20,1,500)",
                           "lognormal(300,0.5,1,9000)", "mix(0.5*fixed(1)+2*uniform(3,4))"}) {
    EXPECT_EQ(parse(text)->text(), text);
    EXPECT_EQ(parse(parse(text)->text())->text(), text);
  }
}

TEST(LengthDistribution, WhatCannotBeSampledIsRefused) {
  expect_parts(error_of([] { parse("unifrom(1,2)"); }), {"isl", "\"unifrom\"", "uniform"});
  expect_parts(error_of([] { parse("uniform(9,2)"); }), {"MIN above MAX"});
  expect_parts(error_of([] { parse("uniform(0,2)"); }), {"\"0\""});
  expect_parts(error_of([] { parse("uniform(1,2,3)"); }), {"uniform(MIN,MAX)"});
  expect_parts(error_of([] { parse("normal(100,10,5000,6000)"); }), {"hardly any draw"});
  expect_parts(error_of([] { parse("normal(100,-1)"); }), {"negative spread"});
  expect_parts(error_of([] { parse("fixed(1"); }), {"parentheses"});
  expect_parts(error_of([] { parse("mix(fixed(1)+fixed(2))"); }), {"no weight"});
  expect_parts(error_of([] { parse("empirical()"); }), {"empirical(SPEC)"});
  expect_parts(error_of([] { parse(""); }), {"unknown distribution"});
  expect_parts(error_of([] { parse("1k"); }), {"\"1k\""});
}

}  // namespace
}  // namespace inferbench
